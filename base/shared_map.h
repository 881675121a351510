// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <utility>
#include <vector>

namespace esw {

/// An ordered map for snapshots: copies share what is the same in them. It is a row of sorted
/// chunks; a copy copies the row of pointers, a change makes one chunk anew, and what differs
/// between two maps is found by looking only at the chunks that they do not share. With n entries,
/// each of them costs some n / 32 pointers and a chunk, which is nothing to notice up to thousands.
///
/// Iterators and references are of one map and end with the next change of it. A change that throws
/// (no memory, or what a key or value throws) has changed nothing. Threads: those of a std::map;
/// copies are independent.
template <class Key, class Value>
class SharedMap {
public:
    using value_type = std::pair<Key, Value>;
    static constexpr size_t kLargestChunk = 64;

    class const_iterator {
    public:
        using iterator_category = std::forward_iterator_tag;
        using value_type = SharedMap::value_type;
        using difference_type = std::ptrdiff_t;
        using pointer = const value_type*;
        using reference = const value_type&;

        const_iterator() = default;
        reference operator*() const { return (*map_->chunks_[chunk_])[place_]; }
        pointer operator->() const { return &**this; }
        const_iterator& operator++() {
            if (++place_ == map_->chunks_[chunk_]->size()) {
                next_chunk();
            }
            return *this;
        }
        const_iterator operator++(int) {
            const_iterator old = *this;
            ++*this;
            return old;
        }
        bool operator==(const const_iterator&) const = default;

    private:
        friend class SharedMap;
        const_iterator(const SharedMap* map, size_t chunk, size_t place)
            : map_(map), chunk_(chunk), place_(place) {}
        void next_chunk() {
            ++chunk_;
            place_ = 0;
        }

        const SharedMap* map_ = nullptr;
        size_t chunk_ = 0, place_ = 0;
    };

    const_iterator begin() const { return {this, 0, 0}; }
    const_iterator end() const { return {this, chunks_.size(), 0}; }
    size_t size() const { return size_; }
    bool empty() const { return size_ == 0; }

    const_iterator find(const Key& key) const {
        const auto [chunk, place, known] = locate(key);
        return known ? const_iterator(this, chunk, place) : end();
    }
    size_t count(const Key& key) const { return locate(key).known ? 1 : 0; }
    /// Throws std::out_of_range when there is no such key.
    const Value& at(const Key& key) const {
        const auto found = find(key);
        if (found == end()) {
            throw std::out_of_range("SharedMap::at");
        }
        return found->second;
    }

    /// Gives `key` this value, whether it is there or not.
    void set(const Key& key, Value value) {
        const auto [chunk, place, known] = locate(key);
        Chunk next = chunks_.empty() ? Chunk() : *chunks_[chunk];
        if (known) {
            next[place].second = std::move(value);
        } else {
            next.emplace(next.begin() + static_cast<std::ptrdiff_t>(place), key, std::move(value));
        }
        put(chunk, std::move(next));
        size_ += known ? 0 : 1;
    }

    /// False when there is no such key.
    bool erase(const Key& key) {
        const auto [chunk, place, known] = locate(key);
        if (!known) {
            return false;
        }
        Chunk next = *chunks_[chunk];
        next.erase(next.begin() + static_cast<std::ptrdiff_t>(place));
        put(chunk, std::move(next));
        --size_;
        return true;
    }

    void clear() {
        chunks_.clear();
        size_ = 0;
    }

    /// Calls `visit(key, const Value* before, const Value* after)`, in the order of keys, for each
    /// entry that is in just one of the maps (null in the other) or has another value.
    template <class Visit>
    static void for_each_difference(const SharedMap& before, const SharedMap& after,
                                    const Visit& visit) {
        const_iterator a = before.begin(), b = after.begin();
        while (a != before.end() || b != after.end()) {
            if (at_same_chunk(a, b)) {
                a.next_chunk();
                b.next_chunk();
            } else if (b == after.end() || (a != before.end() && a->first < b->first)) {
                visit(a->first, &a->second, static_cast<const Value*>(nullptr));
                ++a;
            } else if (a == before.end() || b->first < a->first) {
                visit(b->first, static_cast<const Value*>(nullptr), &b->second);
                ++b;
            } else {
                if (!(a->second == b->second)) {
                    visit(a->first, &a->second, &b->second);
                }
                ++a;
                ++b;
            }
        }
    }

private:
    using Chunk = std::vector<value_type>;  // sorted; never empty in chunks_
    using ChunkPtr = std::shared_ptr<const Chunk>;
    struct Place {
        size_t chunk = 0;  // where the key is or belongs
        size_t place = 0;
        bool known = false;
    };

    static bool at_same_chunk(const const_iterator& a, const const_iterator& b) {
        return a.place_ == 0 && b.place_ == 0 && a != a.map_->end() && b != b.map_->end() &&
               a.map_->chunks_[a.chunk_] == b.map_->chunks_[b.chunk_];
    }

    Place locate(const Key& key) const {
        // The last chunk that begins at the key or before it.
        const auto after = std::upper_bound(
            chunks_.begin(), chunks_.end(), key,
            [](const Key& k, const auto& chunk) { return k < chunk->front().first; });
        if (after == chunks_.begin()) {
            return {};
        }
        const auto chunk = std::prev(after);
        const auto found =
            std::lower_bound((*chunk)->begin(), (*chunk)->end(), key,
                             [](const value_type& entry, const Key& k) { return entry.first < k; });
        return {static_cast<size_t>(chunk - chunks_.begin()),
                static_cast<size_t>(found - (*chunk)->begin()),
                found != (*chunk)->end() && !(key < found->first)};
    }

    /// Puts `next` in the place of a chunk: nothing, or in halves, or with its neighbour, so that
    /// the row stays short. What can throw comes before the row is changed, or changes nothing.
    void put(size_t chunk, Chunk next) {
        const auto here = chunks_.begin() + static_cast<std::ptrdiff_t>(chunk);
        if (next.empty()) {
            chunks_.erase(here);
        } else if (chunks_.empty()) {
            chunks_.push_back(share(std::move(next)));
        } else if (next.size() > kLargestChunk) {
            const auto middle = next.begin() + static_cast<std::ptrdiff_t>(next.size() / 2);
            ChunkPtr upper =
                share(Chunk(std::make_move_iterator(middle), std::make_move_iterator(next.end())));
            next.erase(middle, next.end());
            ChunkPtr lower = share(std::move(next));
            *std::prev(chunks_.insert(std::next(here), std::move(upper))) = std::move(lower);
        } else if (std::next(here) != chunks_.end() &&
                   next.size() + (*std::next(here))->size() <= kLargestChunk / 2) {
            const Chunk& upper = **std::next(here);
            next.insert(next.end(), upper.begin(), upper.end());
            *here = share(std::move(next));
            chunks_.erase(std::next(here));
        } else {
            *here = share(std::move(next));
        }
    }

    static ChunkPtr share(Chunk chunk) { return std::make_shared<const Chunk>(std::move(chunk)); }

    std::vector<ChunkPtr> chunks_;
    size_t size_ = 0;
};

}  // namespace esw
