#include "store/claims.h"

namespace lepton_operator::store {

namespace {

std::string name_of(const Document& document) { return std::string(to_string(document.kind)) + " " + document.key.text(); }

std::string taken(const Document& document, const Document& winner) {
  return document.where("metadata.name") + ": metadata.name: " + name_of(document) + " is already in " + winner.where("metadata.name") +
         "; keep one of them or give one another name";
}

std::string maybe_taken(const Document& document, const ManifestFile& owner) {
  return document.where("metadata.name") + ": metadata.name: " + name_of(document) + " came from " + owner.source +
         ", which cannot be read now and may still hold it; mend that file first";
}

}  // namespace

Claims claim(const Claimants& claimants, const std::map<std::string, ManifestFile>& files,
             const std::function<std::string(const Identifier&)>& file_of) {
  Claims claims;
  for (const auto& [identifier, documents] : claimants) {
    const auto owner = files.find(file_of(identifier));
    auto winner = documents.begin();
    if (owner != files.end()) {
      winner = std::find_if(documents.begin(), documents.end(), [&](const Document* document) { return document->file == owner->first; });
      if (winner == documents.end() && !owner->second.opaque) winner = documents.begin();
    }
    if (winner != documents.end()) claims.winners[identifier] = *winner;
    for (const Document* document : documents) {
      if (winner == documents.end()) claims.losers.emplace_back(document, maybe_taken(*document, owner->second));
      if (winner != documents.end() && document != *winner) claims.losers.emplace_back(document, taken(*document, **winner));
    }
  }
  return claims;
}

}  // namespace lepton_operator::store
