// Small files, written so that a kill at any byte loses nothing. Blocking (they are small and local); any thread.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.h"

namespace lepton_operator::base {

// kNotFound when it does not exist; kInvalid when it is larger than `limit`; else kForbidden or kServer with the system's words.
Result<std::string> read_file(const std::filesystem::path& path, std::size_t limit = 16u << 20);

// Temp file in the same directory, fsync, rename, fsync of the directory. Directories on the way are made with mode 0700. `mode` is exact.
Result<> write_file_atomically(const std::filesystem::path& path, std::string_view content, unsigned mode = 0600);

// With those on the way, mode 0700, durable when it returns. What is there already is left as it is.
Result<> make_directories(const std::filesystem::path& directory);

Result<> remove_file(const std::filesystem::path& path);  // absent is success; the directory is fsynced

}  // namespace lepton_operator::base
