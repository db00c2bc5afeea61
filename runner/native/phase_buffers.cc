#include "runner/native/phase_buffers.h"

#include <algorithm>
#include <utility>

#include "runner/native/layer.h"

namespace dse::native {
namespace {

// Buffers in the order of their use, each once.
class BufferList {
 public:
  void Add(BufferId id) {
    if (id >= 0 && std::ranges::find(ids_, id) == ids_.end()) ids_.push_back(id);
  }
  std::vector<BufferId> Take() { return std::move(ids_); }

 private:
  std::vector<BufferId> ids_;
};

std::vector<BufferId> ForwardBuffers(const StepPlan& plan, const LayerStep& layer) {
  BufferList buffers;
  if (layer.unit >= 0) buffers.Add(plan.units[layer.unit].output);
  if (layer.join >= 0) {
    const JoinStep& join = plan.joins[layer.join];
    for (const int unit : UnitsOf(join)) buffers.Add(plan.units[unit].output);
    if (join.shortcut >= 0) buffers.Add(plan.joins[join.shortcut].value);
    buffers.Add(join.value);
  }
  for (const int unit : layer.units) buffers.Add(plan.units[unit].output);
  return buffers.Take();
}

std::vector<BufferId> BackwardBuffers(const StepPlan& plan, const LayerStep& layer) {
  BufferList buffers;
  if (layer.unit >= 0) buffers.Add(plan.units[layer.unit].output);
  if (layer.join >= 0) buffers.Add(plan.joins[layer.join].value);
  for (const int unit : layer.units) {
    buffers.Add(plan.units[unit].gradient);
    buffers.Add(plan.units[unit].output);
  }
  if (layer.identity >= 0) buffers.Add(plan.joins[layer.identity].gradient);
  if (layer.unit >= 0) buffers.Add(plan.units[layer.unit].gradient);
  if (layer.join >= 0) {
    const JoinStep& join = plan.joins[layer.join];
    for (const int unit : UnitsOf(join)) buffers.Add(plan.units[unit].output);
    if (join.shortcut >= 0 && !join.knows_slope()) buffers.Add(plan.joins[join.shortcut].value);
    buffers.Add(join.gradient);
  }
  return buffers.Take();
}

}  // namespace

void ListPhaseBuffers(StepPlan& plan) {
  for (LayerStep& layer : plan.layers) {
    layer.forward = ForwardBuffers(plan, layer);
    if (plan.learns) layer.backward = BackwardBuffers(plan, layer);
  }
}

}  // namespace dse::native
