#include "lepton/known_specs.h"

#include <functional>
#include <string>
#include <string_view>

namespace lepton_operator::lepton {

namespace {

// Lengths stand between the texts, so that no two specs have one print by their parts running together.
class Print {
 public:
  void add(const std::string& text) { all_.append(std::to_string(text.size())).append(":").append(text); }
  void add(const EnvVar& env) {
    add(env.name);
    maybe(env.value);
    maybe(env.secret_name);
  }
  void add(const Mount& mount) {
    add(mount.path);
    add(mount.from);
    add(mount.mount_path);
  }
  void add(const SeenToken& token) {
    maybe(token.token_name);
    add(token.digest);
  }
  void maybe(const std::optional<std::string>& text) { text ? add(*text) : absent(); }
  template <class T>
  void each(const std::optional<std::vector<T>>& list) {
    if (!list) return absent();
    all_.append(std::to_string(list->size())).append("[");
    for (const T& one : *list) add(one);
  }
  std::size_t value() const { return std::hash<std::string>{}(all_); }

 private:
  void absent() { all_.append("-"); }

  std::string all_;
};

// Of what a manifest sets for all of a team alike (ports, replicas, health, ...) a difference shows when two are compared.
std::size_t print_of(const SeenSpec& spec) {
  Print print;
  print.maybe(spec.image);
  print.each(spec.command);
  print.maybe(spec.resource_shape);
  print.each(spec.node_group_ids);
  print.each(spec.envs);
  print.each(spec.mounts);
  print.each(spec.api_tokens);
  print.each(spec.image_pull_secrets);
  print.maybe(spec.priority_class);
  return print.value();
}

}  // namespace

SharedSpec KnownSpecs::one_like(const SharedSpec& spec) {
  const std::size_t print = print_of(*spec);
  const auto [begin, end] = known_.equal_range(print);
  for (auto each = begin; each != end; ++each) {
    std::shared_ptr<const SeenSpec> held = each->second.lock();
    if (held && (held == spec.held() || *held == *spec)) return SharedSpec(std::move(held));
  }
  known_.emplace(print, spec.held());
  return spec;
}

void KnownSpecs::forget_unused() {
  std::erase_if(known_, [](const auto& each) { return each.second.expired(); });
}

}  // namespace lepton_operator::lepton
