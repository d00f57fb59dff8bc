#include "kernels/forwarding_backend.h"

#include <utility>

namespace upcycle {

namespace {

template <typename Substitution>
Routing Replace(const Routing& r, const Substitution& in) {
  return {in(r.probabilities), in(r.log_sum_exp), in(r.expert), in(r.weight), in(r.logits)};
}

template <typename Substitution>
Dispatch Replace(const Dispatch& d, const Substitution& in) {
  return {in(d.counts), in(d.offsets), in(d.row_of), in(d.assignment_of), d.path};
}

template <typename Substitution>
Moments Replace(const Moments& m, const Substitution& in) {
  return {in.Typed(m.m), in.Typed(m.v), in.Typed(m.m_scales), in.Typed(m.v_scales), m.on_host};
}

std::vector<Tensor> ListOf(std::initializer_list<Tensor> tensors) {
  std::vector<Tensor> list;
  for (const Tensor& x : tensors) {
    if (!x.empty()) list.push_back(x);
  }
  return list;
}

}  // namespace

// The call's own tensors. It was given those that it writes to as Tensors.
class ForwardingBackend::Itself final : public Substitution {
  Tensor Find(const ConstTensor& x, bool) const override {
    return Tensor(const_cast<void*>(x.memory()), x.type(), x.shape());
  }
};

void ForwardingBackend::RunInside(const Call& call) { call.run(inner_, Itself()); }

void ForwardingBackend::DoRepeat(std::unique_ptr<Recording>&, const std::function<void()>& work) {
  work();
}

void ForwardingBackend::DoCopyToHost(Tensor host, ConstTensor source) {
  inner_.CopyToHost(host, source);
}

void ForwardingBackend::DoCopyFromHost(Tensor destination, ConstTensor host) {
  inner_.CopyFromHost(destination, host);
}

void ForwardingBackend::DoCopy(Tensor destination, ConstTensor source) {
  Around({"Copy", {destination}, [=](Backend& backend, const Substitution& in) {
            backend.Copy(in(destination), in(source));
          }});
}

void ForwardingBackend::DoZero(Tensor x) {
  Around({"Zero", {x}, [=](Backend& backend, const Substitution& in) { backend.Zero(in(x)); }});
}

void ForwardingBackend::DoConvert(Tensor out, ConstTensor x) {
  Around({"Convert", {out}, [=](Backend& backend, const Substitution& in) {
            backend.Convert(in.Typed(out), in.Typed(x));
          }});
}

void ForwardingBackend::DoMatMul(Tensor out, ConstTensor a, Transpose transpose_a, ConstTensor b,
                                 Transpose transpose_b, Accumulate accumulate) {
  Around({"MatMul", {out}, [=](Backend& backend, const Substitution& in) {
            backend.MatMul(in(out), in(a), transpose_a, in(b), transpose_b, accumulate);
          }});
}

void ForwardingBackend::DoAdd(Tensor out, ConstTensor x) {
  Around({"Add", {out}, [=](Backend& backend, const Substitution& in) {
            backend.Add(in(out), in(x));
          }});
}

void ForwardingBackend::DoAddBias(Tensor out, ConstTensor bias) {
  Around({"AddBias", {out}, [=](Backend& backend, const Substitution& in) {
            backend.AddBias(in(out), in(bias));
          }});
}

void ForwardingBackend::DoBiasBackward(Tensor d_bias, ConstTensor d_out) {
  Around({"BiasBackward", {d_bias}, [=](Backend& backend, const Substitution& in) {
            backend.BiasBackward(in(d_bias), in(d_out));
          }});
}

void ForwardingBackend::DoScale(Tensor x, double factor) {
  Around({"Scale", {x}, [=](Backend& backend, const Substitution& in) {
            backend.Scale(in(x), factor);
          }});
}

void ForwardingBackend::DoEmbeddingForward(Tensor out, ConstTensor table, ConstTensor tokens) {
  Around({"EmbeddingForward", {out}, [=](Backend& backend, const Substitution& in) {
            backend.EmbeddingForward(in(out), in(table), in(tokens));
          }});
}

void ForwardingBackend::DoEmbeddingBackward(Tensor d_table, ConstTensor d_out, ConstTensor tokens) {
  Around({"EmbeddingBackward", {d_table}, [=](Backend& backend, const Substitution& in) {
            backend.EmbeddingBackward(in(d_table), in(d_out), in(tokens));
          }});
}

void ForwardingBackend::DoRmsNormForward(Tensor out, Tensor rstd, ConstTensor x, ConstTensor weight,
                                         double epsilon) {
  Around({"RmsNormForward", {out, rstd}, [=](Backend& backend, const Substitution& in) {
            backend.RmsNormForward(in(out), in(rstd), in(x), in(weight), epsilon);
          }});
}

void ForwardingBackend::DoRmsNormBackward(Tensor d_x, Tensor d_weight, ConstTensor d_out,
                                          ConstTensor x, ConstTensor weight, ConstTensor rstd) {
  Around({"RmsNormBackward", {d_x, d_weight}, [=](Backend& backend, const Substitution& in) {
            backend.RmsNormBackward(in(d_x), in(d_weight), in(d_out), in(x), in(weight), in(rstd));
          }});
}

void ForwardingBackend::DoRmsNormColumnsForward(Tensor out, Tensor rstd, ConstTensor x,
                                                ConstTensor weight, int64_t begin, double epsilon) {
  Around({"RmsNormColumnsForward", {out, rstd}, [=](Backend& backend, const Substitution& in) {
            backend.RmsNormColumnsForward(in(out), in(rstd), in(x), in(weight), begin, epsilon);
          }});
}

void ForwardingBackend::DoRmsNormColumnsBackward(Tensor d_x, Tensor d_weight, ConstTensor x,
                                                 ConstTensor weight, ConstTensor rstd,
                                                 int64_t begin) {
  Around({"RmsNormColumnsBackward", {d_x, d_weight}, [=](Backend& backend, const Substitution& in) {
            backend.RmsNormColumnsBackward(in(d_x), in(d_weight), in(x), in(weight), in(rstd),
                                           begin);
          }});
}

void ForwardingBackend::DoLayerNormForward(Tensor out, Tensor mean, Tensor rstd, ConstTensor x,
                                           ConstTensor weight, ConstTensor bias, double epsilon) {
  Around({"LayerNormForward", {out, mean, rstd}, [=](Backend& backend, const Substitution& in) {
            backend.LayerNormForward(in(out), in(mean), in(rstd), in(x), in(weight), in(bias),
                                     epsilon);
          }});
}

void ForwardingBackend::DoLayerNormBackward(Tensor d_x, Tensor d_weight, Tensor d_bias,
                                            ConstTensor d_out, ConstTensor x, ConstTensor weight,
                                            ConstTensor mean, ConstTensor rstd) {
  Around({"LayerNormBackward", ListOf({d_x, d_weight, d_bias}),
          [=](Backend& backend, const Substitution& in) {
            backend.LayerNormBackward(in(d_x), in(d_weight), in(d_bias), in(d_out), in(x),
                                      in(weight), in(mean), in(rstd));
          }});
}

void ForwardingBackend::DoActivationForward(Tensor out, ConstTensor x, ConstTensor row_weight,
                                            Activation activation) {
  Around({"ActivationForward", {out}, [=](Backend& backend, const Substitution& in) {
            backend.ActivationForward(in(out), in(x), in(row_weight), activation);
          }});
}

void ForwardingBackend::DoActivationBackward(Tensor d_x, Tensor d_row_weight, ConstTensor d_out,
                                             ConstTensor x, ConstTensor row_weight,
                                             Activation activation) {
  Around({"ActivationBackward", ListOf({d_x, d_row_weight}),
          [=](Backend& backend, const Substitution& in) {
            backend.ActivationBackward(in(d_x), in(d_row_weight), in(d_out), in(x), in(row_weight),
                                       activation);
          }});
}

void ForwardingBackend::DoJitter(Tensor x, ConstTensor key, double amplitude) {
  Around({"Jitter", {x}, [=](Backend& backend, const Substitution& in) {
            backend.Jitter(in(x), in(key), amplitude);
          }});
}

void ForwardingBackend::DoAddRouterNoise(Tensor logits, ConstTensor spread, ConstTensor key) {
  Around({"AddRouterNoise", {logits}, [=](Backend& backend, const Substitution& in) {
            backend.AddRouterNoise(in(logits), in(spread), in(key));
          }});
}

void ForwardingBackend::DoRouterNoiseBackward(Tensor spread, ConstTensor d_logits,
                                              ConstTensor key) {
  Around({"RouterNoiseBackward", {spread}, [=](Backend& backend, const Substitution& in) {
            backend.RouterNoiseBackward(in(spread), in(d_logits), in(key));
          }});
}

void ForwardingBackend::DoNormalizeLogits(Tensor logits, Tensor rstd, double scale) {
  Around({"NormalizeLogits", {logits, rstd}, [=](Backend& backend, const Substitution& in) {
            backend.NormalizeLogits(in(logits), in(rstd), scale);
          }});
}

void ForwardingBackend::DoNormalizeLogitsBackward(Tensor d_logits, ConstTensor logits,
                                                  ConstTensor rstd, double scale) {
  Around({"NormalizeLogitsBackward", {d_logits}, [=](Backend& backend, const Substitution& in) {
            backend.NormalizeLogitsBackward(in(d_logits), in(logits), in(rstd), scale);
          }});
}

void ForwardingBackend::DoSinkhornRanks(Tensor ranks, Tensor columns, ConstTensor logits,
                                        int64_t rounds) {
  Around({"SinkhornRanks", {ranks, columns}, [=](Backend& backend, const Substitution& in) {
            backend.SinkhornRanks(in(ranks), in(columns), in(logits), rounds);
          }});
}

void ForwardingBackend::DoRouterForward(const Routing& r, ConstTensor logits,
                                        const Scoring& scoring, const ExpertRanks& ranks) {
  Around({"RouterForward", ListOf({r.probabilities, r.log_sum_exp, r.expert, r.weight, r.logits}),
          [=](Backend& backend, const Substitution& in) {
            backend.RouterForward(Replace(r, in), in(logits), scoring,
                                  {in(ranks.values), in(ranks.bias)});
          }});
}

void ForwardingBackend::DoRouterBackward(Tensor d_logits, const Routing& r, ConstTensor d_weight,
                                         ConstTensor balance_gradient, double z_factor,
                                         const Scoring& scoring) {
  Around({"RouterBackward", {d_logits}, [=](Backend& backend, const Substitution& in) {
            backend.RouterBackward(in(d_logits), Replace(r, in), in(d_weight), in(balance_gradient),
                                   z_factor, scoring);
          }});
}

void ForwardingBackend::DoCountAssignments(Tensor counts, ConstTensor expert) {
  Around({"CountAssignments", {counts}, [=](Backend& backend, const Substitution& in) {
            backend.CountAssignments(in(counts), in(expert));
          }});
}

void ForwardingBackend::DoBalanceLoss(Tensor loss, Tensor gradient, ConstTensor probabilities,
                                      ConstTensor counts, double factor) {
  Around({"BalanceLoss", {loss, gradient}, [=](Backend& backend, const Substitution& in) {
            backend.BalanceLoss(in(loss), in(gradient), in(probabilities), in(counts), factor);
          }});
}

void ForwardingBackend::DoRouterZLoss(Tensor loss, ConstTensor log_sum_exp, double factor) {
  Around({"RouterZLoss", {loss}, [=](Backend& backend, const Substitution& in) {
            backend.RouterZLoss(in(loss), in(log_sum_exp), factor);
          }});
}

void ForwardingBackend::DoPlanDispatch(const Dispatch& d, ConstTensor expert, ConstTensor weight,
                                       int64_t capacity, DropPolicy policy) {
  Around({"PlanDispatch",
          {d.counts, d.offsets, d.row_of, d.assignment_of},
          [=](Backend& backend, const Substitution& in) {
            backend.PlanDispatch(Replace(d, in), in(expert), in(weight), capacity, policy);
          }});
}

void ForwardingBackend::DoGatherRows(Tensor rows, ConstTensor x, const Dispatch& d) {
  Around({"GatherRows", {rows}, [=](Backend& backend, const Substitution& in) {
            backend.GatherRows(in(rows), in(x), Replace(d, in));
          }});
}

void ForwardingBackend::DoCombineRows(Tensor out, ConstTensor rows, const Dispatch& d,
                                      Accumulate accumulate) {
  Around({"CombineRows", {out}, [=](Backend& backend, const Substitution& in) {
            backend.CombineRows(in(out), in(rows), Replace(d, in), accumulate);
          }});
}

void ForwardingBackend::DoGatherWeights(Tensor row_weight, ConstTensor weight, const Dispatch& d) {
  Around({"GatherWeights", {row_weight}, [=](Backend& backend, const Substitution& in) {
            backend.GatherWeights(in(row_weight), in(weight), Replace(d, in));
          }});
}

void ForwardingBackend::DoScatterWeights(Tensor d_weight, ConstTensor d_row_weight,
                                         const Dispatch& d) {
  Around({"ScatterWeights", {d_weight}, [=](Backend& backend, const Substitution& in) {
            backend.ScatterWeights(in(d_weight), in(d_row_weight), Replace(d, in));
          }});
}

void ForwardingBackend::DoExpertMatMul(Tensor out, ConstTensor rows, ConstTensor weights,
                                       const Dispatch& d) {
  Around({"ExpertMatMul",
          {out},
          [=](Backend& backend, const Substitution& in) {
            backend.ExpertMatMul(in(out), in(rows), in(weights), Replace(d, in));
          },
          d});
}

void ForwardingBackend::DoExpertMatMulBackwardRows(Tensor d_rows, ConstTensor d_out,
                                                   ConstTensor weights, const Dispatch& d) {
  Around({"ExpertMatMulBackwardRows",
          {d_rows},
          [=](Backend& backend, const Substitution& in) {
            backend.ExpertMatMulBackwardRows(in(d_rows), in(d_out), in(weights), Replace(d, in));
          },
          d});
}

void ForwardingBackend::DoExpertMatMulBackwardWeights(Tensor d_weights, ConstTensor d_out,
                                                      ConstTensor rows, const Dispatch& d) {
  Around(
      {"ExpertMatMulBackwardWeights", {d_weights}, [=](Backend& backend, const Substitution& in) {
         backend.ExpertMatMulBackwardWeights(in(d_weights), in(d_out), in(rows), Replace(d, in));
       }});
}

void ForwardingBackend::DoCrossEntropy(Tensor losses, ConstTensor logits, Tensor d_logits,
                                       ConstTensor targets, double scale) {
  if (d_logits.empty()) {
    return Around({"CrossEntropyForward", {losses}, [=](Backend& backend, const Substitution& in) {
                     backend.CrossEntropyForward(in(losses), in(logits), in(targets));
                   }});
  }
  Around(
      {"CrossEntropyBackward", {losses, d_logits}, [=](Backend& backend, const Substitution& in) {
         backend.CrossEntropyBackward(in(losses), in(d_logits), in(targets), scale);
       }});
}

void ForwardingBackend::DoArgMax(Tensor columns, ConstTensor logits) {
  Around({"ArgMax", {columns}, [=](Backend& backend, const Substitution& in) {
            backend.ArgMax(in(columns), in(logits));
          }});
}

void ForwardingBackend::DoSum(Tensor total, ConstTensor x) {
  Around({"Sum", {total}, [=](Backend& backend, const Substitution& in) {
            backend.Sum(in(total), in(x));
          }});
}

void ForwardingBackend::DoGradientNorm(Tensor norm, ConstTensor gradient) {
  Around({"GradientNorm", {norm}, [=](Backend& backend, const Substitution& in) {
            backend.GradientNorm(in(norm), in(gradient));
          }});
}

void ForwardingBackend::DoAdamW(Tensor weights, const Moments& m, ConstTensor gradient,
                                ConstTensor norm, const AdamWStep& step, Tensor rounded) {
  Around({"AdamW", ListOf({weights, m.m, m.v, m.m_scales, m.v_scales, rounded}),
          [=](Backend& backend, const Substitution& in) {
            backend.AdamW(in(weights), Replace(m, in), in(gradient), in(norm), step, in(rounded));
          }});
}

void ForwardingBackend::DoLoadMoment(Tensor out, const Moments& m, Moment which) {
  Around({"LoadMoment", {out}, [=](Backend& backend, const Substitution& in) {
            backend.LoadMoment(in(out), Replace(m, in), which);
          }});
}

void ForwardingBackend::DoStoreMoment(const Moments& m, Moment which, ConstTensor x) {
  Around({"StoreMoment", ListOf({m.m, m.v, m.m_scales, m.v_scales}),
          [=](Backend& backend, const Substitution& in) {
            backend.StoreMoment(Replace(m, in), which, in(x));
          }});
}

}  // namespace upcycle
