#include "store/known_directory.h"

#include <sstream>

#include "base/files.h"

namespace lepton_operator::store {

KnownDirectory::KnownDirectory(const std::filesystem::path& state, std::filesystem::path manifests, base::Log& log)
    : file_(state / "manifest-directory"), manifests_(std::move(manifests)), log_(log) {}

void KnownDirectory::load() {
  const base::Result<std::string> text = base::read_file(file_);
  if (!text) return;
  std::istringstream words(*text);
  DirectoryIdentity known;
  if (words >> known.device >> known.inode) known_ = known;
}

bool KnownDirectory::believed(const DirectoryIdentity& seen, bool holds_manifest, const std::function<bool()>& something_to_lose) {
  const bool believe = holds_manifest || known_ == seen || !something_to_lose();
  if (!believe && !held_) {
    log_.error(
        "the manifest directory is empty and not the one that was read before; nothing is deleted. Mount it; or, if all is to be deleted, "
        "put "
        "any manifest there, even one without documents (empty.yaml)",
        {{"directory", manifests_.string()}});
  }
  if (believe && held_) log_.info("the manifest directory is believed again", {{"directory", manifests_.string()}});
  held_ = !believe;
  if (believe && known_ != seen) remember(seen);
  return believe;
}

// On disk first: what was not recorded would not be known after a restart either.
void KnownDirectory::remember(const DirectoryIdentity& seen) {
  const std::string text = std::to_string(seen.device) + " " + std::to_string(seen.inode) + "\n";
  const base::Result<> written = base::write_file_atomically(file_, text, 0600);
  const std::string failure = written ? "" : written.error().text();
  if (!failure.empty() && failure != told_failure_) {
    log_.error("cannot record which manifest directory was read; it is tried again", {{"error", failure}});
  }
  told_failure_ = failure;
  if (written) known_ = seen;
}

}  // namespace lepton_operator::store
