#include "cli/manifest_edit.h"

#include <algorithm>
#include <charconv>
#include <regex>
#include <vector>

#include "base/yaml.h"
#include "store/manifest_chunks.h"

namespace lepton_operator::cli {

namespace {

using base::Json;
using base::YamlDocument;
using Lines = std::vector<std::string>;
using Documents = std::vector<YamlDocument>;

std::optional<Documents> read(const std::string& text) {
  base::Result<Documents> documents = base::parse_yaml(text, "");
  if (!documents) return std::nullopt;
  return std::move(documents).value();
}

Lines split(const std::string& text) {
  Lines lines;
  for (std::size_t from = 0; from < text.size();) {
    const std::size_t end = std::min(text.find('\n', from), text.size() - 1) + 1;
    lines.push_back(text.substr(from, end - from));
    from = end;
  }
  return lines;
}

std::string joined(const Lines& lines) {
  std::string text;
  for (const std::string& line : lines) text += line;
  return text;
}

// The member of `root` that a path names, made of members and indices: "spec.evaluation.tasks[1]".
Json* at_path(Json& root, std::string_view path) {
  Json* at = &root;
  while (!path.empty()) {
    if (path.front() == '[') {
      std::size_t index = 0;
      const std::size_t close = path.find(']');
      std::from_chars(path.data() + 1, path.data() + close, index);
      if (!at->is_array() || index >= at->size()) return nullptr;
      at = &at->as_array().at(index);
      path.remove_prefix(close + 1);
    } else {
      const std::string member(path.substr(0, path.find_first_of(".[")));
      if (!at->is_object() || !at->has_field(member)) return nullptr;
      at = &at->as_object().at(member);
      path.remove_prefix(member.size());
    }
    if (!path.empty() && path.front() == '.') path.remove_prefix(1);
  }
  return at;
}

std::vector<std::string> texts_of(const Documents& documents) {
  std::vector<std::string> texts;
  for (const YamlDocument& document : documents) texts.push_back(base::to_text(document.value));
  return texts;
}

// Candidates, one at a time, until one reads as it should.
class Search {
 public:
  Search(std::string text, std::vector<std::string> wanted) : lines_(split(text)), wanted_(std::move(wanted)) {}

  const Lines& lines() const { return lines_; }
  std::optional<Edit> result() const { return found_; }
  bool has(int line) const { return line >= 1 && static_cast<std::size_t>(line) <= lines_.size(); }
  const std::string& line(int number) const { return lines_[static_cast<std::size_t>(number - 1)]; }

  void try_replacing(int number, const std::string& with) {
    if (found_ || !has(number)) return;
    Lines changed = lines_;
    changed[static_cast<std::size_t>(number - 1)] = with;
    judge(joined(changed), number);
  }

  // Behind line `number`.
  void try_inserting(int number, std::string inserted) {
    if (found_ || !has(number)) return;
    Lines changed = lines_;
    std::string& before = changed[static_cast<std::size_t>(number - 1)];
    const bool crlf = before.ends_with("\r\n");
    if (!before.ends_with('\n')) before += '\n';
    changed.insert(changed.begin() + number, inserted + (crlf ? "\r\n" : "\n"));
    judge(joined(changed), number + 1);
  }

  // Each occurrence of `pattern` in the line, by itself, as `with` ($1 … are its groups).
  void try_each(int number, const std::string& pattern, const std::string& with) {
    if (found_ || !has(number)) return;
    const std::string& whole = line(number);
    const std::regex expression(pattern);
    for (std::sregex_iterator at(whole.begin(), whole.end(), expression); at != std::sregex_iterator() && !found_; ++at) {
      const auto place = static_cast<std::size_t>(at->position());
      const std::string replaced = at->format(with);
      try_replacing(number, whole.substr(0, place) + replaced + whole.substr(place + static_cast<std::size_t>(at->length())));
    }
  }

 private:
  void judge(std::string candidate, int line) {
    const std::optional<Documents> documents = read(candidate);
    if (documents && texts_of(*documents) == wanted_) found_ = Edit{std::move(candidate), line};
  }

  Lines lines_;
  std::vector<std::string> wanted_;
  std::optional<Edit> found_;
};

std::size_t indent_of(const std::string& line) { return std::min(line.find_first_not_of(' '), line.size()); }

// Where the first own member of the object at `parent` stands; nothing when it has none.
std::optional<int> first_member(const YamlDocument& document, const std::string& parent) {
  std::optional<int> first;
  for (const auto& [path, line] : document.lines) {
    if (path.size() <= parent.size() + 1 || path.compare(0, parent.size() + 1, parent + ".") != 0) continue;
    if (path.find_first_of(".[", parent.size() + 1) != std::string::npos) continue;
    if (!first || line < *first) first = line;
  }
  return first;
}

}  // namespace

std::optional<Edit> with_field(const std::string& text, int document, const std::string& parent, const std::string& field,
                               const Json& value) {
  std::optional<Documents> documents = read(text);
  if (!documents) return std::nullopt;
  const auto meant = std::find_if(documents->begin(), documents->end(), [&](const YamlDocument& each) { return each.line == document; });
  if (meant == documents->end()) return std::nullopt;
  const YamlDocument before = *meant;
  Json* object = at_path(meant->value, parent);
  if (object == nullptr || !object->is_object()) return std::nullopt;
  const bool there = object->has_field(field);
  (*object)[field] = value;
  Search search(text, texts_of(*documents));
  const std::string shown = base::to_text(value);
  if (there) {
    search.try_each(before.line_of(parent + "." + field), "(\"?\\b" + field + "\"?\\s*:\\s*)([^\\s#,}\\]]+)",
                    "$01" + shown);  // two digits, since what follows may be one
    return search.result();
  }
  const std::optional<int> first = first_member(before, parent);
  if (!first || !search.has(*first)) return std::nullopt;
  // In block style: a line of its own, before the first member; behind it where a dash stands before it.
  const std::string& line = search.line(*first);
  const std::size_t indent = indent_of(line);
  if (line.compare(indent, 2, "- ") != 0) {
    search.try_inserting(*first - 1, std::string(indent, ' ') + field + ": " + shown);
  } else {
    const std::size_t column = std::min(line.find_first_not_of(' ', indent + 1), line.size());
    search.try_inserting(*first, std::string(column, ' ') + field + ": " + shown);
  }
  // In flow style, YAML's or JSON's: as the first member of the map that begins here or in the line before.
  for (const int at : {*first, before.line_of(parent), *first - 1}) {
    search.try_each(at, "\\{(\\s*)(?=\")", "{$1\"" + field + "\": " + shown + ", ");
    search.try_each(at, "\\{(\\s*)(?=[^\\s\"])", "{$1" + field + ": " + shown + ", ");
    if (at < *first) search.try_each(at, "\\{(\\s*)$", "{ \"" + field + "\": " + shown + ",$1");
  }
  return search.result();
}

std::optional<Edit> without_document(const std::string& text, int document) {
  const std::optional<Documents> documents = read(text);
  if (!documents) return std::nullopt;
  std::vector<std::string> wanted;
  for (const YamlDocument& each : *documents) {
    if (each.line != document) wanted.push_back(base::to_text(each.value));
  }
  std::string rest;
  bool first = true;
  int begins = 1;
  const std::vector<store::ManifestChunk> chunks = store::split_documents(text);
  for (std::size_t i = 0; i < chunks.size(); ++i) {
    const int next = i + 1 < chunks.size() ? chunks[i + 1].first_line : document + 1;
    if (chunks[i].first_line <= document && document < next) {
      begins = chunks[i].first_line;
      continue;
    }
    rest += first && chunks[i].text.starts_with("---\n") ? chunks[i].text.substr(4) : chunks[i].text;
    first = first && chunks[i].text.empty();
  }
  const std::optional<Documents> left = read(rest);
  if (!left || texts_of(*left) != wanted) return std::nullopt;
  return Edit{std::move(rest), begins};
}

}  // namespace lepton_operator::cli
