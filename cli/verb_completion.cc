// completion SHELL: a script that asks `kubectl-lepton __complete` (completion.h) whenever the tab key is pressed.
#include <map>
#include <ostream>

#include <CLI/CLI.hpp>

#include "cli/choice.h"
#include "cli/verb.h"

namespace lepton_operator::cli {

namespace {

// bash parts words at "=" too (COMP_WORDBREAKS): they are put together again, and what stood before is taken off the candidates.
constexpr const char* kBash = R"(# bash completion of kubectl-lepton: source it, or put it into
# ~/.local/share/bash-completion/completions/kubectl-lepton
_kubectl_lepton() {
  local words=() candidates=() line directive=4 i current
  for ((i = 1; i <= COMP_CWORD; i++)); do
    if ((${#words[@]} > 0)) && [[ ${COMP_WORDS[i]} == = || ${COMP_WORDS[i - 1]} == = ]]; then
      words[-1]+=${COMP_WORDS[i]}
    else
      words+=("${COMP_WORDS[i]}")
    fi
  done
  while IFS= read -r line; do
    if [[ $line == :* ]]; then directive=${line#:}; else candidates+=("${line%%$'\t'*}"); fi
  done < <("${COMP_WORDS[0]}" __complete "${words[@]}" 2>/dev/null)
  current=${COMP_WORDS[COMP_CWORD]}
  [[ $current == = ]] && current=
  local whole=${words[-1]}
  COMPREPLY=("${candidates[@]#"${whole%"$current"}"}")
  case $directive in
    0) compopt -o default ;;
    16) compopt -o dirnames ;;
  esac
}
complete -F _kubectl_lepton kubectl-lepton
)";

constexpr const char* kZsh = R"(#compdef kubectl-lepton
# zsh completion of kubectl-lepton: put it as _kubectl-lepton into a folder of $fpath, or source it after compinit
_kubectl-lepton() {
  local line directive=4
  local -a candidates
  for line in "${(@f)$(${words[1]} __complete "${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    if [[ $line == :* ]]; then
      directive=${line#:}
    elif [[ $line == *$'\t'* ]]; then
      candidates+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}")
    elif [[ -n $line ]]; then
      candidates+=("${line//:/\\:}")
    fi
  done
  (( ${#candidates} )) && _describe -t candidates 'kubectl-lepton' candidates
  case $directive in
    0) _files ;;
    16) _files -/ ;;
  esac
}
compdef _kubectl-lepton kubectl-lepton
)";

constexpr const char* kFish = R"(# fish completion of kubectl-lepton: put it into ~/.config/fish/completions/kubectl-lepton.fish
function __kubectl_lepton_complete
    set -l before (commandline -opc)
    set -l current (commandline -ct)
    for line in ($before[1] __complete $before[2..-1] "$current" 2>/dev/null)
        switch $line
            case ':0'
                __fish_complete_path "$current"
            case ':16'
                __fish_complete_directories "$current"
            case ':*'
            case '*'
                echo $line
        end
    end
end
complete -c kubectl-lepton -f -a '(__kubectl_lepton_complete)'
)";

constexpr const char* kKubectl = R"(#!/bin/sh
# Completion of `kubectl lepton`: put it as kubectl_complete-lepton, executable, beside kubectl-lepton in PATH.
exec kubectl-lepton __complete "$@"
)";

const std::map<std::string, const char*> kScripts = {{"bash", kBash}, {"zsh", kZsh}, {"fish", kFish}, {"kubectl", kKubectl}};

class Completion final : public Verb {
 public:
  void declare(CLI::App& app) override {
    std::vector<std::string> shells;
    for (const auto& [shell, script] : kScripts) shells.push_back(shell);
    app.add_option("SHELL", shell_, "bash, zsh, fish, or kubectl")->required()->check(CLI::Validator(one_of(shells), "", ""));
  }

  boost::asio::awaitable<Verdict> run(Session& session) override {
    session.out() << kScripts.at(shell_);
    co_return ExitCode::kDone;
  }

 private:
  std::string shell_;
};

}  // namespace

const Manual kCompletionManual = {
    .summary = "print a script that completes words in bash, zsh or fish",
    .synopsis = "bash|zsh|fish|kubectl",
    .description =
        "Completes verbs, flags, their values, and the names of Invocations and their tasks, which it asks the cluster or the directory "
        "for.\n\n"
        "`kubectl` is for kubectl's own completion of `kubectl lepton`: a program of the name kubectl_complete-lepton, which kubectl "
        "looks for in PATH. `make install` puts it there.",
    .examples =
        "For this bash, and for all to come:\n  source <(kubectl-lepton completion bash)\n"
        "  kubectl-lepton completion bash > \\\n    ~/.local/share/bash-completion/completions/kubectl-lepton\n\n"
        "For zsh:\n  kubectl-lepton completion zsh > \"${fpath[1]}/_kubectl-lepton\"\n\n"
        "For fish:\n  kubectl-lepton completion fish > \\\n    ~/.config/fish/completions/kubectl-lepton.fish\n\n"
        "For `kubectl lepton` in any of them:\n  kubectl-lepton completion kubectl > /usr/local/bin/kubectl_complete-lepton\n"
        "  chmod +x /usr/local/bin/kubectl_complete-lepton",
    .exit_codes = "",
};

std::unique_ptr<Verb> make_completion() { return std::make_unique<Completion>(); }

}  // namespace lepton_operator::cli
