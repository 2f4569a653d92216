#include "kube/repetition.h"

#include <optional>

#include "base/json_member.h"

namespace lepton_operator::kube {

namespace {

struct Member {
  std::string_view name;
  std::optional<std::string_view> value;  // a part of the text
};
struct Place {
  std::size_t begin = 0;
  std::size_t end = 0;
};

// With its name and one comma, if it is written as the API server writes; else nothing.
Place place_of(const std::string& text, const Member& member) {
  if (!member.value) return {};
  const std::string lead = "\"" + std::string(member.name) + "\":";
  auto begin = static_cast<std::size_t>(member.value->data() - text.data());
  std::size_t end = begin + member.value->size();
  if (begin <= lead.size() || text.compare(begin - lead.size(), lead.size(), lead) != 0) return {};
  begin -= lead.size();
  if (text[begin - 1] == ',') return {begin - 1, end};
  if (text[begin - 1] != '{') return {};
  if (text[end] == ',') return {begin, end + 1};
  if (text[end] == '}') return {begin, end};
  return {};
}

void cut(std::string& text, const Place& place) { text.erase(place.begin, place.end - place.begin); }

}  // namespace

std::string without_repetition(std::string_view object) {
  std::string text(object);
  const auto metadata = base::json_member(text, "metadata");
  const auto annotations = metadata ? base::json_member(*metadata, "annotations") : std::nullopt;
  const auto fields = metadata ? base::json_member(*metadata, "managedFields") : std::nullopt;
  const auto applied = annotations ? base::json_member(*annotations, kLastApplied) : std::nullopt;
  // The one behind first, so that the other stays where it is.
  const Member first{"managedFields", fields};
  const Member second{kLastApplied, applied};
  const bool in_order = !fields || !applied || fields->data() > applied->data();
  for (const Member& member : {in_order ? first : second, in_order ? second : first}) cut(text, place_of(text, member));
  return text;
}

}  // namespace lepton_operator::kube
