#include "cli/overrides.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>
#include <vector>

#include "base/strings.h"
#include "cli/manifest_schema.h"
#include "cli/override.h"

namespace lepton_operator::cli {

namespace {

using base::Error;
using base::ErrorKind;
using base::find;
using base::Json;
using base::Ok;
using base::Result;
using Membership = FieldSchema::Membership;

bool is_container(const Json& value) { return value.is_object() || value.is_array(); }

std::vector<std::string> names_of_members(const Json& object) {
  std::vector<std::string> names;
  for (const auto& [name, ignored] : object.as_object()) names.push_back(name);
  return names;
}

std::vector<std::string> names_of_elements(const Json& list) {
  std::vector<std::string> names;
  for (const Json& item : base::elements(&list)) {
    if (auto name = base::get_string(item, "name")) names.push_back(std::move(*name));
  }
  return names;
}

std::optional<std::size_t> as_index(const std::string& text) {
  std::size_t index = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), index);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(index) : std::nullopt;
}

// Carries one override out.
class Application {
 public:
  explicit Application(const Override& change) : change_(change) {}

  Result<> to(Json& object) {
    const FieldSchema schema = FieldSchema::manifest();
    static const FieldSchema kSpec = schema.member("spec");
    const std::string& first = change_.path.front();
    if (first == "metadata" || first == "spec") return in_object(object, schema, 0);
    Json& spec = object["spec"];
    if (spec.is_null()) spec = base::json_object();
    if (!spec.is_object()) return refuse("spec is no object: nothing can stand below it");
    return in_object(spec, kSpec, 0);
  }

 private:
  bool adds() const { return change_.kind == OverrideKind::kAdd || change_.kind == OverrideKind::kForceAdd; }
  bool is_last(std::size_t at) const { return at + 1 == change_.path.size(); }

  // "evaluation.tasks" of evaluation.tasks.0.name, for `end` 2.
  std::string trail(std::size_t end) const {
    return base::join({change_.path.begin(), change_.path.begin() + static_cast<std::ptrdiff_t>(end)}, ".");
  }
  Error refuse(std::string what) const { return Error{ErrorKind::kInvalid, std::move(what), change_.key()}; }

  std::string under(std::size_t at, const std::string& name) const { return at == 0 ? name : trail(at) + "." + name; }

  Error no_such_field(std::size_t at, std::vector<std::string> names, const std::string& what = "no such field") const {
    std::vector<std::string> near;
    for (const std::string& name : base::nearest(change_.path[at], names, 1)) near.push_back(under(at, name));
    if (near.empty() && at == 0) near = FieldSchema::manifest().member("spec").paths_to(change_.path[at]);
    if (near.size() > 3) near.resize(3);
    const std::string which = is_last(at) ? what : what + " as " + trail(at + 1);
    return refuse(near.empty() ? which : which + "; did you mean " + base::join(near, " or ") + "?");
  }

  Error wrong_kind(std::size_t at, const char* wanted) const {
    return refuse(trail(at) + " is no " + wanted + ": nothing can stand below it");
  }

  Result<> in_object(Json& holder, FieldSchema schema, std::size_t at) {
    const std::string& name = change_.path[at];
    // What is written out as config.params wins over a bare params, so the one that is there has to be changed.
    if (schema.is_run_config() && name == "params" && find(holder, name) == nullptr &&
        !base::get_object(holder, "config").as_object().empty()) {
      return in_object(holder["config"], schema.member("config"), at);
    }
    const Membership membership = schema.membership(name);
    const bool there = find(holder, name) != nullptr;
    if (membership == Membership::kUnknown && !there) return no_such_field(at, schema.known());
    if (is_last(at)) return act(holder, schema, at);
    const bool walkable = there && is_container(holder[name]);
    if (!walkable) {
      if (change_.kind == OverrideKind::kRemove) return not_there(at, holder);
      if (membership == Membership::kFree && !there && !adds()) return needs_plus(at, holder, schema);
      if (there && !holder[name].is_null() && !adds()) return wrong_kind(at + 1, "object");
      holder[name] = schema.member(name).is_list() ? base::json_array() : base::json_object();
    }
    return below(holder[name], schema.member(name), at + 1);
  }

  Result<> below(Json& node, FieldSchema schema, std::size_t at) {
    if (node.is_array()) return in_list(node, schema, at);
    return in_object(node, schema, at);
  }

  // How many parts of the path from `at` on make the name of an element (names may hold points), and which element that is.
  struct Element {
    std::size_t index;
    std::size_t parts;
  };
  std::optional<Element> element_of(const Json& list, std::size_t at) const {
    const auto index = as_index(change_.path[at]);
    if (index && *index < list.size()) return Element{*index, 1};
    const std::vector<std::string> names = names_of_elements(list);
    for (std::size_t parts = change_.path.size() - at; parts > 0; --parts) {
      const auto begin = change_.path.begin() + static_cast<std::ptrdiff_t>(at);
      const std::string name = base::join({begin, begin + static_cast<std::ptrdiff_t>(parts)}, ".");
      std::size_t position = 0;
      for (const Json& item : base::elements(&list)) {
        if (base::get_string(item, "name") == name) return Element{position, parts};
        ++position;
      }
    }
    return std::nullopt;
  }

  Result<> in_list(Json& list, FieldSchema schema, std::size_t at) {
    std::optional<Element> element = element_of(list, at);
    if (!element && adds() && schema.is_map_by_name() && !as_index(change_.path[at])) {
      Json added = base::json_object();
      added["name"] = Json::string(change_.path[at]);
      element = Element{list.size(), 1};
      list[list.size()] = std::move(added);
    }
    if (!element) return no_element(list, schema, at);
    Json& item = list[element->index];
    const std::size_t next = at + element->parts;
    if (next < change_.path.size()) {
      if (!is_container(item)) return wrong_kind(next, "object");
      return below(item, schema.element(), next);
    }
    if (change_.kind == OverrideKind::kRemove) {
      if (!equals_what_is_named(item)) return refuse_other_value();
      list.erase(element->index);
      return Ok{};
    }
    return put(item, schema.element(), next);
  }

  Error no_element(const Json& list, FieldSchema schema, std::size_t at) const {
    if (as_index(change_.path[at])) {
      const std::size_t size = list.size();
      return refuse(trail(at) + " has " + std::to_string(size) + (size == 1 ? " element" : " elements") + ", counted from 0");
    }
    const std::vector<std::string> names = names_of_elements(list);
    const auto near = base::nearest(change_.path[at], names, 1);
    std::string what = trail(at) + " has no element of that name";
    if (!near.empty()) return refuse(what + "; did you mean " + under(at, near.front()) + "?");
    if (!names.empty()) what += "; it has " + base::join(names, ", ");
    if (schema.is_map_by_name() && change_.kind == OverrideKind::kChange) what += "; a + before the override adds one";
    return refuse(what);
  }

  // The field itself.
  Result<> act(Json& holder, FieldSchema schema, std::size_t at) {
    const std::string& name = change_.path[at];
    const Json* there = find(holder, name);
    if (change_.kind == OverrideKind::kRemove) {
      if (there == nullptr || there->is_null()) return not_there(at, holder);
      if (!equals_what_is_named(*there)) return refuse_other_value();
      holder.erase(name);
      return Ok{};
    }
    if (there == nullptr && !adds() && schema.membership(name) == Membership::kFree) return needs_plus(at, holder, schema);
    Json value = there == nullptr ? Json::null() : *there;
    if (Result<> done = put(value, schema.member(name), at + 1); !done) return done;
    holder[name] = std::move(value);
    return Ok{};
  }

  // The value in place of `there`, or merged into it.
  Result<> put(Json& there, FieldSchema schema, std::size_t at) {
    const Json& value = *change_.value;
    if (change_.kind == OverrideKind::kAdd && !there.is_null() && !is_container(value)) {
      return refuse("it is set already: without the + it is changed, with ++ in either case");
    }
    return replace(there, value, schema, trail(at));
  }

  // As OmegaConf has it: objects merge member by member, everything else replaces, but no list an object or the other way.
  Result<> replace(Json& there, const Json& value, FieldSchema schema, const std::string& path) {
    if (value.is_object() && there.is_object()) return merge(there, value, schema, path);
    if (value.is_object() && there.is_array()) return refuse(path + " is a list, which takes [a,b]");
    if (value.is_array() && there.is_object()) return refuse(path + " is no list: it takes {name: value}");
    if (Result<> known = check(value, schema, path); !known) return known;
    there = value;
    return Ok{};
  }

  Result<> merge(Json& there, const Json& value, FieldSchema schema, const std::string& path) {
    for (const auto& [name, member] : value.as_object()) {
      const std::string here = path + "." + name;
      const Json* known = find(there, name);
      const Membership membership = schema.membership(name);
      if (known == nullptr && membership == Membership::kUnknown) return unknown_inside(here, name, schema);
      if (known == nullptr && membership == Membership::kFree && !adds()) {
        return refuse(here + " is not there yet: a + before the override adds it");
      }
      Json merged = known == nullptr ? Json::null() : *known;
      if (Result<> done = replace(merged, member, schema.member(name), here); !done) return done;
      there[name] = std::move(merged);
    }
    return Ok{};
  }

  // Every field of a value that is taken over whole is one of the schema's, or stands where anything may.
  Result<> check(const Json& value, FieldSchema schema, const std::string& path) {
    if (value.is_array()) {
      std::size_t index = 0;
      for (const Json& item : base::elements(&value)) {
        if (Result<> known = check(item, schema.element(), path + "." + std::to_string(index++)); !known) return known;
      }
    }
    if (!value.is_object()) return Ok{};
    for (const auto& [name, member] : value.as_object()) {
      const std::string here = path + "." + name;
      if (schema.membership(name) == Membership::kUnknown) return unknown_inside(here, name, schema);
      if (Result<> known = check(member, schema.member(name), here); !known) return known;
    }
    return Ok{};
  }

  Error unknown_inside(const std::string& path, const std::string& name, FieldSchema schema) const {
    const auto near = base::nearest(name, schema.known(), 1);
    return refuse("no such field as " + path + (near.empty() ? "" : "; did you mean " + near.front() + "?"));
  }

  Error needs_plus(std::size_t at, const Json& holder, FieldSchema schema) const {
    std::vector<std::string> names = schema.known();
    for (const std::string& name : names_of_members(holder)) names.push_back(name);
    const auto near = base::nearest(change_.path[at], names, 1);
    const std::string what = trail(at + 1) + " is not there yet: a + before the override adds it";
    return refuse(near.empty() ? what : what + ", or did you mean " + under(at, near.front()) + "?");
  }

  Error not_there(std::size_t at, const Json& holder) const {
    return no_such_field(at, names_of_members(holder), "the manifest has no such field to remove");
  }

  bool equals_what_is_named(const Json& there) const { return !change_.value || change_.value->is_null() || *change_.value == there; }
  Error refuse_other_value() const { return refuse("it has another value than the one that was to be removed"); }

  const Override& change_;
};

}  // namespace

Result<> apply_overrides(Json& object, std::span<const std::string> overrides) {
  Json changed = object;
  for (const std::string& text : overrides) {
    const Result<Override> parsed = parse_override(text);
    if (!parsed) return parsed.error();
    if (Result<> done = Application(*parsed).to(changed); !done) return done;
  }
  object = std::move(changed);
  return Ok{};
}

}  // namespace lepton_operator::cli
