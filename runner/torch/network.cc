#include "runner/torch/network.h"

#include <ATen/ATen.h>
#include <c10/core/impl/LocalDispatchKeySet.h>

namespace dse {
namespace {

// A factor for each image, to multiply activations [n, c, h, w] with.
at::Tensor PerImage(const at::Tensor& factors, const at::Tensor& x) {
  return factors.to(x.scalar_type()).view({-1, 1, 1, 1});
}

// Pools and classifies in the parameters' own type: bf16 would round logits so that classes tie.
at::Tensor Classify(const at::Tensor& x, const at::Tensor& dropout, const Linear& head) {
  const c10::impl::ExcludeDispatchKeyGuard no_autocast(c10::autocast_dispatch_keyset);
  const at::ScalarType type = head.weight.scalar_type();
  at::Tensor pooled = x.mean({2, 3}, /*keepdim=*/false, type);
  if (dropout.defined()) pooled = pooled * dropout.to(type);
  return head.Forward(pooled);
}

}  // namespace

Network::Network(const NetworkPlan& plan, const TensorPlace& place)
    : stem_type_(plan.frame.stem),
      activation_(AfterNorm(plan.frame.activation)),
      parameters_(MakeParameters(plan, place)),
      stem_(MakeUnit(plan.stem)),
      head_(MakeLinear(plan.head, parameters_)) {
  for (const BlockPlan& block : plan.blocks) blocks_.push_back(MakeBlock(block));
  if (plan.last) last_ = MakeUnit(*plan.last);
  ListNorms(plan);
}

Unit Network::MakeUnit(const UnitPlan& plan) const {
  return {MakeConv(plan.conv, parameters_), MakeNorm(plan.norm, parameters_),
          plan.activated ? activation_ : After::kNothing};
}

Block Network::MakeBlock(const BlockPlan& plan) const {
  Block block;
  for (const UnitPlan& unit : plan.units) block.units.push_back(MakeUnit(unit));
  if (plan.squeeze) {
    block.squeeze = Block::Squeeze{MakeConv(plan.squeeze->reduce, parameters_),
                                   MakeConv(plan.squeeze->expand, parameters_)};
  }
  block.residual = plan.residual;
  if (plan.projection) block.projection = MakeUnit(*plan.projection);
  return block;
}

at::Tensor Network::ForwardBlock(const Block& block, const at::Tensor& x, bool training,
                                 const at::Tensor& keep) const {
  const auto run = [&](const Unit& unit, const at::Tensor& in, const at::Tensor& residual,
                       After after) {
    return NormAddActivate(unit.conv.Forward(in), unit.norm, residual, after, training);
  };
  at::Tensor y = x;
  for (size_t i = 0; i + 1 < block.units.size(); ++i) {
    y = run(block.units[i], y, {}, block.units[i].after);
  }
  if (block.squeeze) {
    at::Tensor gate = y.mean({2, 3}, /*keepdim=*/true);
    gate = Activate(block.squeeze->reduce.Forward(gate), activation_);
    y = y * at::sigmoid(block.squeeze->expand.Forward(gate));
  }
  const Unit& last = block.units.back();
  if (!block.residual) return run(last, y, {}, last.after);
  const at::Tensor shortcut = block.projection ? run(*block.projection, x, {}, After::kNothing) : x;
  if (!keep.defined()) return run(last, y, shortcut, last.after);
  y = run(last, y, {}, After::kNothing);
  return Activate(y * PerImage(keep, y) + shortcut, last.after);
}

at::Tensor Network::Forward(const at::Tensor& images, bool training, const Noise& noise) const {
  const auto run = [&](const Unit& unit, const at::Tensor& in) {
    return NormAddActivate(unit.conv.Forward(in), unit.norm, {}, unit.after, training);
  };
  at::Tensor x = run(stem_, images);
  if (stem_type_ == StemType::kResnet) x = at::max_pool2d(x, {3, 3}, {2, 2}, {1, 1});
  int64_t residual = 0;
  for (const Block& block : blocks_) {
    const bool drops = block.residual && noise.drop_path.defined();
    x = ForwardBlock(block, x, training,
                     drops ? noise.drop_path.select(0, residual) : at::Tensor());
    residual += block.residual;
  }
  if (last_) x = run(*last_, x);
  return Classify(x, noise.dropout, head_);
}

int64_t Network::CountParameters() const {
  int64_t count = 0;
  for (const Parameter& parameter : parameters_) count += parameter.value.numel();
  return count;
}

// Pointers into members that do not move after construction, as NetworkPlan::Norms orders them.
void Network::ListNorms(const NetworkPlan& plan) {
  std::vector<NormState*> states{&stem_.norm};
  for (Block& block : blocks_) {
    if (block.projection) states.push_back(&block.projection->norm);
    for (Unit& unit : block.units) states.push_back(&unit.norm);
  }
  if (last_) states.push_back(&last_->norm);
  const std::vector<const NormPlan*> plans = plan.Norms();
  for (size_t i = 0; i < states.size(); ++i) norms_.push_back({plans[i]->name, states[i]});
}

}  // namespace dse
