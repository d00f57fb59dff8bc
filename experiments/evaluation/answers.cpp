#include "experiments/evaluation/answers.h"

#include <algorithm>
#include <memory>
#include <span>

#include "experiments/model/decoder.h"

namespace upcycle {
namespace {

// The slot that keeps what all requests of the plan begin with.
constexpr int32_t kCommonSlot = 0;

// What a request's tokens are computed from: the last of them predicts nothing that is asked for.
std::span<const int32_t> InputsOf(const Request& request) {
  return std::span(request.tokens).first(request.tokens.size() - 1);
}

// Rows of tokens, padded to the longest.
class Rows {
 public:
  void Add(int32_t slot, std::span<const int32_t> tokens) {
    slots_.push_back(slot);
    rows_.push_back(tokens);
    longest_ = std::max(longest_, tokens.size());
  }

  bool empty() const { return longest_ == 0; }

  void Extend(Decoder& decoder) const {
    std::vector<int32_t> padded(rows_.size() * longest_, 0), lengths;
    for (size_t row = 0; row < rows_.size(); ++row) {
      std::ranges::copy(rows_[row], padded.begin() + static_cast<int64_t>(row * longest_));
      lengths.push_back(static_cast<int32_t>(rows_[row].size()));
    }
    decoder.Extend(slots_, padded, lengths);
  }

 private:
  std::vector<int32_t> slots_;
  std::vector<std::span<const int32_t>> rows_;
  size_t longest_ = 0;
};

class Answering {
 public:
  Answering(const RequestPlan& plan, Transformer& model) : plan_(plan), model_(model) {
    answers_.resize(plan.requests.size());
    common_ = plan_.shared;
    for (const Request& request : plan_.requests) {
      common_ = std::min(common_, SharedBy(request, plan_.shared));
    }
  }

  // Batches [begin, end) have about one length: a slot for each request of the largest one, of the
  // longest one's capacity.
  void Answer(size_t begin, size_t end, const std::function<void(size_t)>& observe) {
    size_t most = 0;
    for (size_t i = begin; i < end; ++i) most = std::max(most, RequestsOf(plan_.batches[i]));
    decoder_.reset();  // its memory, first
    decoder_ = std::make_unique<Decoder>(model_, static_cast<int64_t>(most) + 1,
                                         std::max<int64_t>(1, plan_.batches[begin].positions));
    KeepCommon();
    for (size_t i = begin; i < end; ++i) {
      Answer(plan_.batches[i]);
      done_ += RequestsOf(plan_.batches[i]);
      observe(done_);
    }
  }

  std::vector<ChoiceLikelihood> Take() { return std::move(answers_); }

 private:
  size_t RequestsOf(const RequestBatch& batch) const {
    size_t count = 0;
    for (size_t i = 0; i < batch.count; ++i) count += plan_.groups[batch.first + i].count;
    return count;
  }

  // What every request begins with stays in a slot of its own.
  void KeepCommon() const {
    if (common_ == 0) return;
    const auto all = InputsOf(plan_.requests.front()).first(static_cast<size_t>(common_));
    const auto piece = static_cast<size_t>(decoder_->most_tokens());
    for (size_t at = 0; at < all.size(); at += piece) {
      Rows rows;
      rows.Add(kCommonSlot, all.subspan(at, std::min(piece, all.size() - at)));
      rows.Extend(*decoder_);
    }
  }

  void Answer(const RequestBatch& batch) {
    const std::span<const RequestGroup> groups =
        std::span(plan_.groups).subspan(batch.first, batch.count);
    ExtendShared(groups);
    ExtendOwn(groups);
  }

  // The last token of the context stays with the request's own: what follows it is asked for.
  static int64_t SharedBy(const Request& request, int64_t shared) {
    const int64_t context = std::ssize(request.tokens) - request.continuation;
    return std::clamp<int64_t>(context - 1, 0, shared);
  }

  int64_t SharedBy(const RequestGroup& group) const {
    int64_t shared = group.shared;
    for (size_t i = 0; i < group.count; ++i) {
      shared = std::min(shared, SharedBy(plan_.requests[group.first + i], group.shared));
    }
    return std::max(shared, common_);
  }

  // Each request has a slot; what its group shares is computed in the first one's.
  void ExtendShared(std::span<const RequestGroup> groups) {
    Rows rows;
    int32_t slot = kCommonSlot + 1;
    for (const RequestGroup& group : groups) {
      const auto inputs = InputsOf(plan_.requests[group.first]);
      const auto own = inputs.subspan(static_cast<size_t>(common_),
                                      static_cast<size_t>(SharedBy(group) - common_));
      decoder_->Copy(kCommonSlot, slot, common_);
      if (!own.empty()) rows.Add(slot, own);
      slot += static_cast<int32_t>(group.count);
    }
    if (!rows.empty()) rows.Extend(*decoder_);
    slot = kCommonSlot + 1;
    for (const RequestGroup& group : groups) {
      for (size_t i = 1; i < group.count; ++i) {
        decoder_->Copy(slot, slot + static_cast<int32_t>(i), SharedBy(group));
      }
      slot += static_cast<int32_t>(group.count);
    }
  }

  void ExtendOwn(std::span<const RequestGroup> groups) {
    Rows rows;
    std::vector<Decoder::Target> targets;
    std::vector<size_t> asked;  // the request of each target
    int32_t slot = kCommonSlot + 1;
    int64_t row = 0;
    for (const RequestGroup& group : groups) {
      const int64_t shared = SharedBy(group);
      for (size_t i = 0; i < group.count; ++i, ++slot, ++row) {
        const Request& request = plan_.requests[group.first + i];
        rows.Add(slot, InputsOf(request).subspan(static_cast<size_t>(shared)));
        const int64_t size = std::ssize(request.tokens);
        for (int64_t t = size - request.continuation; t < size; ++t) {
          targets.push_back({row, t - 1 - shared, request.tokens[static_cast<size_t>(t)]});
          asked.push_back(group.first + i);
        }
        answers_[group.first + i] = {.log_likelihood = 0, .greedy = true};
      }
    }
    rows.Extend(*decoder_);
    const std::vector<Decoder::Score> scores = decoder_->ScoresOf(targets);
    for (size_t i = 0; i < scores.size(); ++i) {
      ChoiceLikelihood& answer = answers_[asked[i]];
      answer.log_likelihood -= static_cast<double>(scores[i].loss);
      answer.greedy &= scores[i].most_likely;
    }
  }

  const RequestPlan& plan_;
  Transformer& model_;
  std::unique_ptr<Decoder> decoder_;
  int64_t common_ = 0;  // tokens that all requests begin with
  size_t done_ = 0;     // requests
  std::vector<ChoiceLikelihood> answers_;
};

// Behind batches[begin], those of more than half its length belong to it: slots of the longest
// one's capacity would otherwise stay nearly empty.
size_t EndOfLength(const RequestPlan& plan, size_t begin) {
  size_t end = begin + 1;
  while (end < plan.batches.size() &&
         2 * plan.batches[end].positions > plan.batches[begin].positions) {
    ++end;
  }
  return end;
}

}  // namespace

std::vector<ChoiceLikelihood> AnswerRequests(const RequestPlan& plan, Transformer& model,
                                             const std::function<void(size_t)>& observe) {
  Answering answering(plan, model);
  for (size_t begin = 0; begin < plan.batches.size();) {
    const size_t end = EndOfLength(plan, begin);
    answering.Answer(begin, end, observe);
    begin = end;
  }
  return answering.Take();
}

int64_t AnswerBytes(const Architecture& architecture, DataType type, int64_t batch_positions) {
  const int64_t length = architecture.model.sequence_length;
  return Decoder::CacheBytes(architecture, type, 1, 2 * batch_positions + length);
}

}  // namespace upcycle
