// Which instruction sets the vector bodies are compiled for: AVX-512, AVX2, and a portable one that
// every machine can run. Include this before any other header of Highway.
//
// A file with vector bodies is compiled once for each of them (foreach_target.h); the best that the
// machine has is chosen at run time (HWY_DYNAMIC_DISPATCH). Tests force another choice with
// hwy::SetSupportedTargetsForTest.
#pragma once

#include <hwy/detect_targets.h>

#undef HWY_DISABLED_TARGETS
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SSE4 | HWY_AVX3_DL)

#include <hwy/targets.h>
