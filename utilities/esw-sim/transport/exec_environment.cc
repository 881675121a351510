// SPDX-License-Identifier: Apache-2.0
#include "utilities/esw-sim/transport/exec_environment.h"

#include <elf.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <sstream>

#include "base/unique_fd.h"

namespace esw::sim {

namespace {

constexpr int kMaxInterpreters = 5;  // as the kernel follows

bool is_sanitizer(const std::string& library) {
    const std::string name = std::filesystem::path(library).filename().string();
    for (const char* prefix : {"libasan", "libtsan", "liblsan", "libclang_rt."}) {
        if (name.rfind(prefix, 0) == 0) {
            return true;
        }
    }
    return false;
}

Result<std::string> find_program(const std::string& program, const std::string& path) {
    if (program.find('/') != std::string::npos) {
        return program;
    }
    std::stringstream directories(path);
    std::string directory;
    while (std::getline(directories, directory, ':')) {
        const std::string candidate = (directory.empty() ? "." : directory) + "/" + program;
        if (::access(candidate.c_str(), X_OK) == 0) {
            return candidate;
        }
    }
    return fail(ENOENT, program, "run");
}

/// The program of a "#!" line; empty when there is none.
std::string interpreter(const char* begin, size_t length) {
    std::string line(begin, length);
    line.resize(std::min(line.find('\n'), line.size()));
    if (line.rfind("#!", 0) != 0) {
        return {};
    }
    std::stringstream words(line.substr(2));
    std::string program;
    words >> program;
    return program;
}

/// The file is an ELF program that no dynamic loader starts.
bool is_static(int fd) {
    Elf64_Ehdr header;
    if (::pread(fd, &header, sizeof header, 0) != sizeof header ||
        std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 ||
        header.e_ident[EI_CLASS] != ELFCLASS64) {
        return false;
    }
    for (unsigned i = 0; i < header.e_phnum; i++) {
        Elf64_Phdr segment;
        const auto at = static_cast<off_t>(header.e_phoff + i * sizeof segment);
        if (::pread(fd, &segment, sizeof segment, at) != sizeof segment) {
            return false;
        }
        if (segment.p_type == PT_INTERP) {
            return false;
        }
    }
    return true;
}

}  // namespace

Environment exec_environment(const std::string& directory, const std::string& library,
                             const std::string& current_preload) {
    std::string sanitizers, others;
    std::string list = current_preload;
    for (char& c : list) {
        c = c == ':' ? ' ' : c;
    }
    std::stringstream entries(list);
    std::string entry;
    while (entries >> entry) {
        if (entry != library) {
            std::string& part = is_sanitizer(entry) ? sanitizers : others;
            part += (is_sanitizer(entry) ? "" : ":") + entry + (is_sanitizer(entry) ? ":" : "");
        }
    }
    return {{"LD_PRELOAD", sanitizers + library + others},
            {"ESW_SIM_DIR", directory},
            {"SYSFS_PATH", directory + "/sysfs"}};
}

Status check_can_preload(const std::string& program, const std::string& path) {
    auto file = find_program(program, path);
    for (int depth = 0; file && depth < kMaxInterpreters; depth++) {
        const UniqueFd fd(::open(file->c_str(), O_RDONLY | O_CLOEXEC));
        struct stat status {};
        if (!fd || ::fstat(fd.get(), &status) != 0) {
            return fail(errno, *file, "run");
        }
        const bool other_user = (status.st_mode & S_ISUID) && status.st_uid != ::getuid();
        const bool other_group = (status.st_mode & S_ISGID) && status.st_gid != ::getgid();
        if (other_user || other_group ||
            (::getuid() != 0 && ::fgetxattr(fd.get(), "security.capability", nullptr, 0) >= 0)) {
            return fail(EPERM, *file, "run",
                        "a set-user-ID program does not see the simulated adapter");
        }
        std::array<char, 256> start{};
        const ssize_t length = ::pread(fd.get(), start.data(), start.size(), 0);
        const std::string next =
            interpreter(start.data(), static_cast<size_t>(std::max<ssize_t>(length, 0)));
        if (next.empty()) {
            return is_static(fd.get())
                       ? Status(fail(ENOTSUP, *file, "run",
                                     "a statically linked program does not see the simulated "
                                     "adapter"))
                       : Status();
        }
        file = next;
    }
    return file ? Status() : Status(fail(file.error()));
}

}  // namespace esw::sim
