#include "runner/torch/step.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

namespace dse {

at::Tensor Loss(const at::Tensor& logits, const at::Tensor& labels, double label_smoothing) {
  return at::cross_entropy_loss(logits, labels, /*weight=*/{}, at::Reduction::Mean,
                                /*ignore_index=*/-100, label_smoothing);
}

StepOutput Differentiate(const Network& network, const MicroBatch& batch, const Recipe& recipe,
                         Precision precision, double scale) {
  const bool mixes = batch.mixture < 1;
  at::Tensor logits, loss;
  {
    const Autocast autocast(precision, batch.images.device());
    const at::Tensor images =
        mixes ? batch.images * batch.mixture + batch.images.flip(0) * (1 - batch.mixture)
              : batch.images;
    logits = network.Forward(images, /*training=*/true, batch.noise);
    loss = Loss(logits, batch.labels, recipe.label_smoothing);
    if (mixes) {
      loss = loss * batch.mixture +
             Loss(logits, batch.labels.flip(0), recipe.label_smoothing) * (1 - batch.mixture);
    }
  }
  const double factor = batch.weight * scale;
  (factor == 1 ? loss : loss * factor).backward();
  const at::NoGradGuard no_grad;
  const at::Tensor heavier = batch.mixture < 0.5 ? batch.labels.flip(0) : batch.labels;
  return {loss.detach(), logits.detach().argmax(1).ne(heavier).sum()};
}

StepOutput TrainStep(const Network& network, Optimizer& optimizer, const MicroBatch& batch,
                     const Recipe& recipe, double lr) {
  optimizer.ClearGradients();
  const StepOutput output = Differentiate(network, batch, recipe, recipe.precision, 1);
  if (recipe.grad_clip > 0) ClipGradients(network.parameters(), recipe.grad_clip);
  optimizer.Step(lr);
  return output;
}

}  // namespace dse
