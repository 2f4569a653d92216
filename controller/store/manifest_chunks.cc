#include "store/manifest_chunks.h"

namespace lepton_operator::store {

namespace {

bool is_separator(std::string_view line) {
  return line.starts_with("---") && (line.size() == 3 || line[3] == ' ' || line[3] == '\t' || line[3] == '\r');
}

std::string plain_scalar(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t\"'");
  if (begin == std::string_view::npos) return "";
  text.remove_prefix(begin);
  return std::string(text.substr(0, text.find_first_of(" \t\"'\r#")));
}

}  // namespace

std::vector<ManifestChunk> split_documents(std::string_view text) {
  std::vector<ManifestChunk> chunks(1);
  for (int line_number = 1; !text.empty(); ++line_number) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    if (is_separator(line)) chunks.push_back({.text = "", .first_line = line_number});
    chunks.back().text.append(line).append("\n");
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return chunks;
}

base::Json guess_header(std::string_view text) {
  base::Json metadata = base::json_object();
  base::Json object = base::json_object();
  bool in_metadata = false;
  std::size_t level = 0;  // the indentation of metadata's own fields
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    const std::size_t indent = line.find_first_not_of(' ');
    if (indent == std::string_view::npos || line[indent] == '#') continue;
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    const std::string field(line.substr(indent, colon - indent));
    const std::string value = plain_scalar(line.substr(colon + 1));
    if (indent == 0) {
      in_metadata = field == "metadata";
      level = 0;
    }
    if (in_metadata && level == 0) level = indent;
    if (indent == 0 && field == "kind") object["kind"] = base::Json::string(value);
    const bool named = in_metadata && indent > 0 && indent == level && (field == "name" || field == "namespace");
    if (named) metadata[field] = base::Json::string(value);
  }
  object["metadata"] = metadata;
  return object;
}

}  // namespace lepton_operator::store
