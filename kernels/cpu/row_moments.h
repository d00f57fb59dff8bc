// What a layer norm keeps of a row.
#pragma once

namespace upcycle {

struct RowMoments {
  float mean;
  float rstd;
};

}  // namespace upcycle
