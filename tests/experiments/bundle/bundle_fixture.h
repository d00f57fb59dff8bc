// A root with a small study to be moved, and bundles that somebody else made.
#pragma once

#include <map>
#include <string>

#include "core/files.h"
#include "experiments/bundle/manifest.h"
#include "results/ledger/records.h"

namespace upcycle {

// "study" of the arms "dense" and "routed" with seed 0: tokens and parent, and of each arm a
// training, which has a model, and an evaluation; all complete, under one launch. Stages end with
// validation/loss = `loss`.
void MakeRoot(const fs::path& root, double loss = 0.5);
// What it records.
StudyRecord RecordOfRoot();

// Appends to a stage's journal an attempt that completes it, or one that was stopped.
void Attempt(const fs::path& root, const Fingerprint& stage, StageState outcome, double loss,
             int64_t launch = 1);

// The files of a bundle by their names; the manifest is not among them.
using BundleFiles = std::map<std::string, std::string>;
BundleFiles ReadBundle(const fs::path& bundle, Manifest* manifest);

// As an export writes it, with checksums that are right.
void WriteBundle(const fs::path& bundle, const std::string& study, const BundleFiles& files);

// Every file below a root with its content, but locks, and the ledger, of which time and place
// decide the bytes.
BundleFiles ContentOf(const fs::path& root);

}  // namespace upcycle
