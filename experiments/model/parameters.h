// The trainable weights of a model: declared once by the blocks that use them, laid out in flat
// arrays so that the optimizer is one pass, and addressable part by part for checkpoints and
// upcycling.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "core/tensor.h"
#include "experiments/model/architecture.h"
#include "experiments/model/model_build.h"
#include "experiments/model/parts.h"
#include "kernels/buffer_plan.h"

namespace upcycle {

// One fused weight in backend memory as ops read it, in the activation type, and its gradient
// (float32; empty in a model that only evaluates).
struct Weight {
  Tensor value;
  Tensor master;  // in float32; `value` itself where that is its type
  Tensor gradient;
};

class ModelParameters {
 public:
  explicit ModelParameters(const Architecture& architecture) : architecture_(architecture) {}
  ModelParameters(const ModelParameters&) = delete;
  ModelParameters& operator=(const ModelParameters&) = delete;

  // Declares a weight of `shape` that holds `parts` one behind the other. The weight must stay
  // where it is. Matrices decay; vectors (norms and biases) do not.
  void Declare(Weight* weight, Shape shape, std::vector<Part> parts);

  // Adds the flat arrays to the plan: master values in float32, a copy of them where ops read
  // another type, and for training gradients and both moments as the build holds them.
  void Plan(BufferPlan& plan, const ModelBuild& build);
  // Gives every declared weight its place, once the plan is bound.
  void Bind();

  // Fresh weights, see FillFreshPart.
  void Initialize(Backend& backend, uint64_t seed);

  // Makes what ops read follow the master values, after those were written.
  void RoundValues(Backend& backend);

  // Flat views: first everything that decays, then everything else. `rounded` is what ops read,
  // empty where that is `values`.
  struct Span {
    int64_t begin = 0;  // in the flat arrays
    int64_t count = 0;
    bool decays = false;
    Tensor values = {}, rounded = {}, gradients = {};
    Moments moments = {};
  };
  const std::array<Span, 2>& spans() const { return spans_; }
  Tensor gradients() const { return gradients_; }

  // A part's own piece of the flat arrays, under the part's shape: float32.
  struct Piece {
    Part part;
    int64_t begin;  // in the flat arrays
    Tensor value;
  };
  // In the order of ListParts.
  const std::vector<Piece>& pieces() const { return pieces_; }

  // The elements [begin, begin + values.size()) of one of the flat moments, to the host in float32.
  void LoadMoment(Backend& backend, Moment which, int64_t begin, std::span<float> values) const;
  // All of one of the flat moments from the host: `read` fills in the elements from `begin` on, and
  // is called for pieces that follow each other. What LoadMoment gave becomes the bits it came
  // from.
  void StoreMoment(Backend& backend, Moment which,
                   const std::function<void(int64_t begin, std::span<float> values)>& read);

  void ZeroMoments(Backend& backend);

  const Architecture& architecture() const { return architecture_; }

 private:
  struct Declared {
    Weight* weight;
    Shape shape;
    std::vector<Part> parts;
    int64_t offset;  // in the flat arrays, in elements
    bool decays() const { return shape.rank() > 1; }
  };
  void PlanSpans(BufferPlan& plan, const ModelBuild& build, int64_t elements);
  void PlanMoments(BufferPlan& plan, const ModelBuild& build, Span& span);
  void BindPieces(const Declared& declared);
  void OrderPieces();  // as ListParts

  Architecture architecture_;
  std::vector<Declared> declared_;
  Tensor values_, rounded_, gradients_;  // flat
  int64_t decaying_ = 0;                 // elements that decay, padding included
  std::array<Span, 2> spans_;
  Tensor stage_;  // moments in float32 on their way to and from the host
  std::vector<Piece> pieces_;
};

// The fresh values of one part, row-major, a function of (seed, part) alone: normal with
// model.init_std, by sqrt(2 · layers) smaller for the matrices that write to the residual stream
// (GPT-2, Radford et al. 2019); norms 1, biases 0; the router with its own init_std.
void FillFreshPart(std::span<float> values, const Part& part, const Architecture& architecture,
                   uint64_t seed);
// The standard deviation of a fresh matrix.
double FreshStd(const Part& part, const Architecture& architecture);

}  // namespace upcycle
