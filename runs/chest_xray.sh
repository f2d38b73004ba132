#!/usr/bin/env bash
# From a folder of chest X-rays to a synthetic cohort with its evidence, one step at a time.
#   runs/chest_xray.sh DATA OUT [MINUTES]
# DATA holds metadata.csv with the columns file, label, patient and split; OUT must be new.
set -euo pipefail
data=$1 out=$2 minutes=${3:-10}

# 1. Who is there, and what is wrong with each file that cannot be used.
vesalius cohort "$data" --out "$out/cohort.parquet"

# 2. Learn from the training side. Stopped? The same line goes on from there.
vesalius train synthesis.conditional_gan "$data" --out "$out/run" --minutes "$minutes"

# 3. Make 250 pictures of each class, marked as synthetic in every file.
vesalius sample "$out/run" --out "$out/made" --per-class 250

# 4. Hold them against the people learnt from, and against others.
vesalius assess "$out/run" "$data" "$out/made" --out "$out/evidence"

echo "report: $out/evidence/report.html"
