// The bash script that a job runs: the evaluator under a supervisor (docs/job-script.md).
//
// Every value stands in the first lines, as one quoted word each; the rest of the script is the same for every job. The supervisor runs the
// work in the background, in its own process group, because bash handles a signal at once only while it waits.
#include <chrono>

#include "invocation/rendering_parts.h"

namespace lepton_operator::invocation {

namespace {

// Below Kubernetes' usual 30 s, so that the last stage file is written before the container is killed.
constexpr int kGraceSeconds = 20;

constexpr const char* kScript = R"bash(
op_output=${EVAL_OUTPUT_DIR-}
op_config_file=$op_output/logs/run_config.yaml
op_child=
op_timer=
op_killer=
op_reason=

op_say() { printf 'lepton-operator: %s\n' "$1" >&2; }
op_now() { TZ=UTC0 printf '%(%Y-%m-%dT%H:%M:%SZ)T' -1; }
op_stage() { printf '%s\n' "$2" >|"$op_output/logs/stage.$1"; }
op_lacks_results() { [ "${#op_command[@]}" -eq 0 ] && [ ! -f "$op_output/results.yml" ]; }

# --- The work: preCommand, evaluator, postCommand, in a shell of their own. ---

op_evaluate() {
  if [ "${#op_command[@]}" -gt 0 ]; then
    "${op_command[@]}"
  elif command -v nemo-evaluator >/dev/null 2>&1; then
    nemo-evaluator run_eval --run_config "$op_config_file" --output_dir "$op_output"
  elif command -v eval-factory >/dev/null 2>&1; then
    eval-factory run_eval --run_config "$op_config_file" --output_dir "$op_output"
  else
    op_say 'this image has neither nemo-evaluator nor eval-factory on its PATH'
    return 127
  fi
}

op_after() {
  op_code=$?
  trap - EXIT
  set +e
  if [ "$op_code" -eq 0 ] && op_lacks_results; then
    op_say "the evaluator ended with exit code 0 but left no results.yml in $op_output"
    op_code=65
  fi
  if [ -n "$op_post_command" ]; then
    ( source <(printf '%s\n' "$op_post_command") )
    op_post_code=$?
    if [ "$op_post_code" -ne 0 ]; then
      op_say "postCommand ended with exit code $op_post_code"
      if [ "$op_code" -eq 0 ]; then op_code=$op_post_code; fi
    fi
  fi
  exit "$op_code"
}

op_work() {
  trap op_stopping=1 TERM
  op_stopping=
  if [ -n "$op_pre_command" ]; then
    source <(printf '%s\n' "$op_pre_command")
    op_code=$?
    if [ "$op_code" -ne 0 ]; then
      op_say "preCommand ended with exit code $op_code"
      exit "$op_code"
    fi
  fi
  if [ -n "$op_stopping" ]; then exit 143; fi
  op_stage running "$(op_now)"
  trap op_after EXIT
  op_evaluate
  exit $?
}

# --- The supervisor: deadline, signals, stage files. ---

# What an earlier container left: its stage files and results go to attempt-N/, with N from logs/attempt. All else stays, caches too.
op_set_aside() {
  [ -e "$op_output/logs" ] || [ -e "$op_output/results.yml" ] || return 0
  op_earlier=
  if [ -f "$op_output/logs/attempt" ]; then IFS= read -r op_earlier <"$op_output/logs/attempt"; fi
  case $op_earlier in '' | *[!0-9]*) op_earlier=0 ;; esac
  op_kept=$op_output/attempt-$op_earlier
  op_again=0
  while [ -e "$op_kept/logs" ]; do  # the container of that attempt was started more than once
    op_again=$((op_again + 1))
    op_kept=$op_output/attempt-$op_earlier.$op_again
  done
  mkdir -p -- "$op_kept" || return 1
  if [ -e "$op_output/results.yml" ]; then mv -f -- "$op_output/results.yml" "$op_kept/" || return 1; fi
  if [ -e "$op_output/logs" ]; then mv -- "$op_output/logs" "$op_kept/logs" || return 1; fi  # last: it holds the number
}

op_finish() {
  op_code=$?
  trap - EXIT
  trap '' TERM USR1
  for op_group in "$op_timer" "$op_killer" "$op_child"; do
    if [ -n "$op_group" ]; then kill -KILL -- "-$op_group" 2>/dev/null; fi
  done
  printf 'exit_code: %s\n' "$op_code" >|"$op_output/logs/stage.exit"
  exit "$op_code"
}

op_signal() {
  if [ -z "$op_child" ]; then return; fi
  kill -TERM -- "-$op_child" 2>/dev/null
  set -m
  ( sleep "$op_grace_seconds"; kill -KILL -- "-$op_child" ) </dev/null >/dev/null 2>&1 &
  op_killer=$!
  set +m
}

op_stop() {
  if [ -n "$op_reason" ]; then return; fi
  op_reason=$1
  op_say "$2"
  op_signal
}

if [ -z "$op_output" ]; then
  op_say 'EVAL_OUTPUT_DIR is not set'
  exit 78
fi
if ! op_set_aside; then
  op_say "cannot set aside what an earlier attempt left in $op_output"
  exit 73
fi
if ! mkdir -p -- "$op_output/logs"; then
  op_say "cannot make $op_output/logs"
  exit 73
fi
trap op_finish EXIT
trap 'op_stop 143 "told to stop (SIGTERM)"' TERM
trap 'op_stop 124 "the timeout of $op_timeout_seconds s has passed"' USR1
if ! printf '%s\n' "$op_attempt" >|"$op_output/logs/attempt" || ! op_stage pre-start "$(op_now)" || ! printf '%s' "$op_run_config" >|"$op_config_file"; then
  op_say "cannot write to $op_output/logs"
  exit 73
fi

set -m  # each background job leads a process group of its own
op_work &
op_child=$!
( sleep "$op_timeout_seconds"; kill -USR1 $$ ) </dev/null >/dev/null 2>&1 &
op_timer=$!
set +m
if [ -n "$op_reason" ]; then op_signal; fi  # told so before there was a child

while :; do
  wait "$op_child"
  op_code=$?
  kill -0 "$op_child" 2>/dev/null || break  # else a signal woke us: wait again
done
if [ -n "$op_reason" ]; then exit "$op_reason"; fi
if [ "$op_code" -eq 0 ] && op_lacks_results; then exit 65; fi  # preCommand may have ended the shell
exit "$op_code"
)bash";

std::string array_of(const std::vector<std::string>& words) {
  std::string text = "(";
  for (const std::string& word : words) text += (text.size() == 1 ? "" : " ") + shell_quote(word);
  return text + ")";
}

}  // namespace

std::string shell_quote(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'') {
      quoted += "'\\''";
    } else if (c != '\0') {  // bash cannot hold it, and an argument would end there
      quoted += c;
    }
  }
  return quoted + "'";
}

std::string render_job_script(const RenderInput& input, const TaskSpec& task, int attempt, const std::string& run_config) {
  std::string script = "# Runs one task of an Invocation. Made by lepton-operator; docs/job-script.md says what it promises.\n";
  script += "op_timeout_seconds=" + std::to_string(input.spec.timeout_of(task).count()) + "\n";
  script += "op_attempt=" + std::to_string(attempt) + "\n";
  script += "op_grace_seconds=" + std::to_string(kGraceSeconds) + "\n";
  script += "op_run_config=" + shell_quote(run_config) + "\n";
  script += "op_pre_command=" + shell_quote(task.pre_command) + "\n";
  script += "op_post_command=" + shell_quote(task.post_command) + "\n";
  script += "op_command=" + array_of(task.command) + "\n";
  return script + kScript;
}

}  // namespace lepton_operator::invocation
