#include "base/yaml.h"

#include <charconv>
#include <set>
#include <sstream>

#include <yaml-cpp/anchor.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include "base/utf8.h"
#include "base/yaml_scalar.h"

namespace lepton_operator::base {

namespace {

constexpr int kMaxAliases = 1'000;
constexpr std::size_t kMaxAliasWeight = 4u << 20;

// Leaves yaml-cpp's parser from inside a handler; never leaves this file.
struct Stop {
  int line;
  std::string what;
};

struct Anchored {
  Json value;
  std::size_t weight;
};

std::size_t weight_of(const Json& value) {
  constexpr std::size_t kNode = 64;
  if (value.is_string()) return kNode + value.as_string().size();
  std::size_t weight = kNode;
  if (value.is_array()) {
    for (const Json& element : value.as_array()) weight += weight_of(element);
  } else if (value.is_object()) {
    for (const auto& [name, member] : value.as_object()) weight += name.size() + weight_of(member);
  }
  return weight;
}

// What YAML wants escaped, and other readers of manifests refuse as it stands.
bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && c != '\t' && c != '\n' && c != '\r') || byte == 0x7F;
}

std::vector<std::string_view> split_lines(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const auto end = text.find('\n');
    lines.push_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return lines;
}

// Builds Json from the parser's events. No Node is made: lines, duplicate keys, depth and aliases are judged as they come, so hostile text
// costs no more than its own length.
class Builder final : public YAML::EventHandler {
 public:
  Builder(std::string_view text, const YamlLimits& limits)
      : text_lines_(split_lines(text)), levels_(limits.levels), first_line_(limits.first_line) {}

  std::vector<YamlDocument> take() {
    // yaml-cpp takes the end of the stream for a closing quote; that can only happen to the last scalar.
    if (last_quoted_ && !is_closed(last_quoted_->first, last_quoted_->second)) {
      throw Stop{static_cast<int>(last_quoted_->first) + first_line_, "a quote that is never closed"};
    }
    return std::move(documents_);
  }

  void OnDocumentStart(const YAML::Mark& mark) override {
    // yaml-cpp goes on after a complete node ("]", "{} {}") as if a new document began there; only a marker begins one.
    // And on a line of a marker it gives the same empty document for ever ("--- ,").
    if (begun_at_ && (mark.pos <= *begun_at_ || !begins_document(mark.line))) {
      throw Stop{line(mark), "unexpected content after the end of the document"};
    }
    begun_at_ = mark.pos;
    document_ = {};
    anchors_.clear();
    aliases_ = 0;
    alias_weight_ = 0;
    root_seen_ = false;
  }
  void OnDocumentEnd() override {
    if (root_seen_ && !document_.value.is_null()) documents_.push_back(std::move(document_));
  }

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override { add(mark, Json::null(), anchor); }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) throw Stop{line(mark), "an alias inside of what it stands for"};
    alias_weight_ += found->second.weight;
    if (++aliases_ > kMaxAliases) throw Stop{line(mark), "more than 1000 aliases in a document"};
    if (alias_weight_ > kMaxAliasWeight) throw Stop{line(mark), "the aliases expand to more than 4 MiB"};
    add(mark, found->second.value, 0);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, const std::string& value) override {
    last_quoted_.reset();
    if (tag != "?") last_quoted_.emplace(static_cast<std::size_t>(mark.line), static_cast<std::size_t>(mark.column));
    if (expects_key()) {
      if (tag == "?" && value == "<<") throw Stop{line(mark), "merge keys (<<) are not supported: write the fields out"};
      take_key(mark, value);
      if (anchor != 0) remember(anchor, Json::string(value));
      return;
    }
    auto scalar = read_scalar(tag, value);
    if (!scalar) throw Stop{line(mark), scalar.error().what};
    add(mark, *scalar, anchor);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, YAML::EmitterStyle::value) override {
    open(mark, tag, "tag:yaml.org,2002:seq", anchor, false);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, YAML::EmitterStyle::value) override {
    open(mark, tag, "tag:yaml.org,2002:map", anchor, true);
  }
  void OnMapEnd() override { close(); }

 private:
  struct Frame {
    bool is_map;
    YAML::anchor_t anchor;
    std::string path;
    std::optional<std::string> key = {};
    std::map<std::string, int> keys = {};  // with their lines
    std::vector<std::pair<std::string, Json>> members = {};
    std::vector<Json> items = {};
  };

  int line(const YAML::Mark& mark) const { return mark.line + first_line_; }

  bool begins_document(int at) const {
    const auto is_blank = [](std::string_view text) {
      const auto first = text.find_first_not_of(" \t\r");
      return first == std::string_view::npos || text[first] == '#';
    };
    for (int i = at; i >= 0; --i) {
      const std::string_view text = static_cast<std::size_t>(i) < text_lines_.size() ? text_lines_[static_cast<std::size_t>(i)] : "";
      if (text.starts_with("...")) return true;
      if (i == at && text.starts_with("---")) return true;
      if (i != at && !is_blank(text)) return false;
    }
    return false;
  }

  // Whether the quoted scalar that begins at this place, after its anchor and tag, has its closing quote. True for block scalars.
  bool is_closed(std::size_t line, std::size_t column) const {
    if (line >= text_lines_.size()) return true;
    const char* end = text_lines_.back().data() + text_lines_.back().size();
    const char* begin = text_lines_[line].data() + std::min(column, text_lines_[line].size());
    std::string_view rest(begin, static_cast<std::size_t>(end - begin));
    while (rest.starts_with('&') || rest.starts_with('!')) {
      rest.remove_prefix(std::min(rest.find_first_of(" \t\r\n"), rest.size()));
      rest.remove_prefix(std::min(rest.find_first_not_of(" \t\r\n"), rest.size()));
    }
    const char quote = rest.empty() ? '|' : rest.front();
    if (quote != '"' && quote != '\'') return true;
    for (std::size_t i = 1; i < rest.size(); ++i) {
      const bool escape = quote == '"' ? rest[i] == '\\' : rest.substr(i, 2) == "''";
      if (escape) {
        ++i;
      } else if (rest[i] == quote) {
        return true;
      }
    }
    return false;
  }

  bool expects_key() const { return !stack_.empty() && stack_.back().is_map && !stack_.back().key; }

  // The path of the node that comes next.
  std::string next_path() const {
    if (stack_.empty()) return "";
    const Frame& frame = stack_.back();
    if (!frame.is_map) return frame.path + "[" + std::to_string(frame.items.size()) + "]";
    return frame.path.empty() ? *frame.key : frame.path + "." + *frame.key;
  }

  void take_key(const YAML::Mark& mark, const std::string& key) {
    Frame& frame = stack_.back();
    const auto [first, fresh] = frame.keys.emplace(key, line(mark));
    if (!fresh) throw Stop{line(mark), "\"" + key + "\" is written twice (first in line " + std::to_string(first->second) + ")"};
    frame.key = key;
    document_.lines[next_path()] = line(mark);
  }

  void note_line(const YAML::Mark& mark) {
    if (stack_.empty()) {
      document_.line = line(mark);
      document_.lines[""] = line(mark);
      root_seen_ = true;
    } else if (!stack_.back().is_map) {
      document_.lines[next_path()] = line(mark);
    }
  }

  void open(const YAML::Mark& mark, const std::string& tag, std::string_view own_tag, YAML::anchor_t anchor, bool is_map) {
    if (tag != "?" && tag != "!" && !tag.empty() && tag != own_tag) throw Stop{line(mark), "unknown tag " + tag};
    if (expects_key()) throw Stop{line(mark), "a key must be plain text"};
    if (stack_.size() >= levels_) throw Stop{line(mark), "more than " + std::to_string(levels_) + " levels"};
    note_line(mark);
    stack_.push_back(Frame{.is_map = is_map, .anchor = anchor, .path = next_path()});
  }

  void close() {
    Frame frame = std::move(stack_.back());
    stack_.pop_back();
    Json value = frame.is_map ? Json::object(std::move(frame.members)) : Json::array(std::move(frame.items));
    if (frame.anchor != 0) remember(frame.anchor, value);
    place(std::move(value));
  }

  void add(const YAML::Mark& mark, Json value, YAML::anchor_t anchor) {
    if (expects_key()) {
      if (!value.is_string()) throw Stop{line(mark), "a key must be plain text"};
      take_key(mark, value.as_string());
      return;
    }
    note_line(mark);
    if (anchor != 0) remember(anchor, value);
    place(std::move(value));
  }

  void place(Json value) {
    if (stack_.empty()) {
      document_.value = std::move(value);
    } else if (Frame& frame = stack_.back(); frame.is_map) {
      frame.members.emplace_back(std::move(*frame.key), std::move(value));
      frame.key.reset();
    } else {
      frame.items.push_back(std::move(value));
    }
  }

  void remember(YAML::anchor_t anchor, Json value) {
    const std::size_t weight = weight_of(value);
    anchors_.insert_or_assign(anchor, Anchored{std::move(value), weight});
  }

  std::vector<std::string_view> text_lines_;
  std::size_t levels_;
  int first_line_;
  std::vector<YamlDocument> documents_;
  YamlDocument document_;
  std::vector<Frame> stack_;
  std::map<YAML::anchor_t, Anchored> anchors_;
  std::optional<std::pair<std::size_t, std::size_t>> last_quoted_;  // line and column, 0-based
  int aliases_ = 0;
  std::size_t alias_weight_ = 0;
  std::optional<int> begun_at_;  // the latest document, in characters
  bool root_seen_ = false;
};

Error failure(std::string_view source, int line, std::string what) {
  return {.kind = ErrorKind::kInvalid, .what = std::move(what), .where = std::string(source) + ":" + std::to_string(line)};
}

}  // namespace

int YamlDocument::line_of(std::string_view path) const {
  for (;;) {
    const auto found = lines.find(std::string(path));
    if (found != lines.end()) return found->second;
    if (path.empty()) return line;
    const auto cut = path.find_last_of(".[");
    path = path.substr(0, cut == std::string_view::npos ? 0 : cut);
  }
}

Result<std::vector<YamlDocument>> parse_yaml(std::string_view text, std::string_view source, YamlLimits limits) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);  // a byte order mark
  if (text.size() > limits.text) return failure(source, limits.first_line, "is larger than " + std::to_string(limits.text >> 20) + " MiB");
  const auto line_at = [&](std::size_t at) {
    return limits.first_line + static_cast<int>(std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n'));
  };
  if (const auto control = std::find_if(text.begin(), text.end(), is_control); control != text.end()) {
    return failure(source, line_at(static_cast<std::size_t>(control - text.begin())),
                   "is not text (a control character, byte " + std::to_string(static_cast<unsigned char>(*control)) + ")");
  }
  if (const auto bad = invalid_utf8(text)) return failure(source, line_at(*bad), "is not UTF-8; save the file in that encoding");
  // yaml-cpp finds out about what is missing at the end on a line after it.
  const int last_line = line_at(text.find_last_not_of("\r\n") + 1);
  const auto refuse = [&](int line, std::string what) { return failure(source, std::min(line, last_line), std::move(what)); };
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    Builder builder(text, limits);
    while (parser.HandleNextDocument(builder)) {
    }
    return builder.take();
  } catch (const Stop& stop) {
    return refuse(stop.line, stop.what);
  } catch (const YAML::Exception& e) {  // the library's edge
    return refuse(std::max(e.mark.line, 0) + limits.first_line, e.msg);
  }
}

}  // namespace lepton_operator::base
