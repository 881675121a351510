// SPDX-License-Identifier: Apache-2.0
#include "base/shared_map.h"

#include <gtest/gtest.h>

#include <map>
#include <new>
#include <optional>
#include <random>
#include <string>
#include <tuple>
#include <vector>

namespace esw {
namespace {

using Map = SharedMap<int, std::string>;
using Difference = std::tuple<int, std::string, std::string>;  // empty: not there

std::map<int, std::string> contents(const Map& map) {
    return {map.begin(), map.end()};
}

std::vector<Difference> differences(const Map& before, const Map& after) {
    std::vector<Difference> found;
    Map::for_each_difference(
        before, after, [&](int key, const std::string* old, const std::string* now) {
            found.emplace_back(key, old ? *old : std::string(), now ? *now : std::string());
        });
    return found;
}

std::vector<Difference> differences(const std::map<int, std::string>& before,
                                    const std::map<int, std::string>& after) {
    std::map<int, std::pair<std::string, std::string>> both;
    for (const auto& [key, value] : before) {
        both[key].first = value;
    }
    for (const auto& [key, value] : after) {
        both[key].second = value;
    }
    std::vector<Difference> found;
    for (const auto& [key, values] : both) {
        if (values.first != values.second) {
            found.emplace_back(key, values.first, values.second);
        }
    }
    return found;
}

TEST(SharedMap, IsEmptyAtFirst) {
    Map map;
    EXPECT_TRUE(map.empty());
    EXPECT_EQ(map.begin(), map.end());
    EXPECT_EQ(map.find(1), map.end());
    EXPECT_FALSE(map.erase(1));
    EXPECT_THROW(static_cast<void>(map.at(1)), std::out_of_range);
}

TEST(SharedMap, ACopyIsOnItsOwn) {
    Map map;
    map.set(1, "one");
    map.set(2, "two");
    const Map copy = map;
    map.set(1, "uno");
    map.erase(2);
    EXPECT_EQ(contents(copy), (std::map<int, std::string>{{1, "one"}, {2, "two"}}));
    EXPECT_EQ(contents(map), (std::map<int, std::string>{{1, "uno"}}));
    EXPECT_EQ(map.at(1), "uno");
    map.clear();
    EXPECT_TRUE(map.empty());
    EXPECT_EQ(copy.size(), 2u);
}

/// Whatever is done to it, in chunks that split and join, it is what a std::map is.
TEST(SharedMap, IsAnOrderedMap) {
    std::mt19937 random(4711);
    Map map, before;
    std::map<int, std::string> model, model_before;
    for (int step = 0; step < 20000; ++step) {
        // Grows to some 900 entries, then shrinks to a few, and again.
        const int key = static_cast<int>(random() % 1000);
        const bool grows = step / 4000 % 2 == 0;
        if (random() % 10 < (grows ? 9u : 1u)) {
            map.set(key, std::to_string(step));
            model[key] = std::to_string(step);
        } else {
            ASSERT_EQ(map.erase(key), model.erase(key) == 1);
        }
        ASSERT_EQ(map.size(), model.size());
        ASSERT_EQ(map.count(key), model.count(key));
        if (step % 100 == 0) {
            ASSERT_EQ(contents(map), model);
            ASSERT_EQ(differences(before, map), differences(model_before, model));
            before = map;
            model_before = model;
        }
    }
}

/// Counts how often two are compared.
struct Counted {
    int value = 0;
    static inline size_t comparisons = 0;
    bool operator==(const Counted& other) const {
        ++comparisons;
        return value == other.value;
    }
};

TEST(SharedMap, ADifferenceCostsWhatDiffers) {
    using CountedMap = SharedMap<int, Counted>;
    CountedMap before;
    for (int key = 0; key < 4096; ++key) {
        before.set(key, {key});
    }
    CountedMap after = before;
    after.set(1000, {0});
    Counted::comparisons = 0;
    std::vector<int> found;
    CountedMap::for_each_difference(
        before, after, [&](int key, const Counted*, const Counted*) { found.push_back(key); });
    EXPECT_EQ(found, std::vector<int>{1000});
    EXPECT_LE(Counted::comparisons, CountedMap::kLargestChunk);
}

/// Throws when it is copied once too often, and is never moved.
struct Brittle {
    int value = 0;
    static inline std::optional<size_t> copies_left;

    explicit Brittle(int v) : value(v) {}
    Brittle(const Brittle& other) : value(other.value) { copied(); }
    Brittle& operator=(const Brittle& other) {
        value = other.value;
        copied();
        return *this;
    }
    static void copied() {
        if (copies_left && (*copies_left)-- == 0) {
            throw std::bad_alloc();
        }
    }
};

using BrittleMap = SharedMap<int, Brittle>;

std::vector<std::pair<int, int>> values(const BrittleMap& map) {
    std::vector<std::pair<int, int>> found;
    for (const auto& [key, brittle] : map) {
        found.emplace_back(key, brittle.value);
    }
    return found;
}

/// Makes `change` fail at each copy of a value in turn, until it has none left to fail at. Returns
/// how often it failed.
template <class Change>
size_t fail_everywhere(BrittleMap& map, const Change& change) {
    const auto before = values(map);
    for (size_t failures = 0;; ++failures) {
        Brittle::copies_left = failures;
        try {
            change(map);
            Brittle::copies_left.reset();
            return failures;
        } catch (const std::bad_alloc&) {
            Brittle::copies_left.reset();
        }
        EXPECT_EQ(values(map), before) << "at copy " << failures;
        EXPECT_EQ(map.size(), before.size()) << "at copy " << failures;
    }
}

TEST(SharedMap, AChangeThatThrowsHasChangedNothing) {
    constexpr int kFull = BrittleMap::kLargestChunk;
    BrittleMap map;
    std::vector<std::pair<int, int>> expected;
    for (int key = 0; key <= kFull; ++key) {  // the first chunk, and in the end its halves
        EXPECT_GT(fail_everywhere(map, [&](BrittleMap& m) { m.set(key, Brittle(key)); }), 0u);
        expected.emplace_back(key, key);
    }
    EXPECT_GT(fail_everywhere(map, [](BrittleMap& m) { m.set(3, Brittle(-3)); }), 0u);
    expected[3].second = -3;
    EXPECT_EQ(values(map), expected);
    // From both ends, so that the halves join.
    for (int left = 0, right = kFull; left < right; ++left, --right) {
        for (const int key : {left, right}) {
            EXPECT_GT(fail_everywhere(map, [&](BrittleMap& m) { m.erase(key); }), 0u);
        }
        expected.erase(expected.begin());
        expected.pop_back();
        EXPECT_EQ(values(map), expected);
    }
    map.erase(kFull / 2);
    EXPECT_TRUE(map.empty());
    EXPECT_EQ(map.begin(), map.end());
}

}  // namespace
}  // namespace esw
