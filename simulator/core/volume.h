// One file system in memory: directories and files by absolute path ("/shared/x"; the root is "/" and always there). Value type, no I/O.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace lepton_operator::simulator {

// "/a//b/" and "a/b" become "/a/b"; nothing when a segment is "." or "..".
std::optional<std::string> clean_path(std::string_view path);

class Volume {
 public:
  bool is_directory(const std::string& path) const { return path == "/" || directories_.contains(path); }
  bool is_file(const std::string& path) const { return files_.contains(path); }
  bool exists(const std::string& path) const { return is_directory(path) || is_file(path); }

  // Makes what is missing on the way. False when a file stands in the way.
  bool make_directory(const std::string& path);
  bool write(const std::string& path, std::string content);
  const std::string* read(const std::string& path) const;

  struct Entry {
    std::string name;
    bool directory = false;
  };
  std::vector<Entry> list(const std::string& directory) const;

  // A directory with all below it, or a file. What is there already stays unless it is written over.
  void move(const std::string& from, const std::string& to);
  // The file, or the directory with all below it. The root is only emptied.
  void remove(const std::string& path);

  std::size_t bytes() const;
  // Every path in order, directories with a "/" at the end; the root is left out.
  std::vector<std::string> paths() const;

 private:
  std::set<std::string> directories_;
  std::map<std::string, std::string> files_;
};

}  // namespace lepton_operator::simulator
