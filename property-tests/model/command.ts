/** Commands of fast-check's model runs: each acts on model and system, and then the system is compared with the model. */
import type fc from "fast-check"

export interface Checked<Model> {
  readonly check: (model: Model) => void
}

/** Makes a command that may run where `isPossible` holds. */
export const command = <Model extends object, Real extends Checked<Model>>(
  name: string,
  isPossible: (model: Model) => boolean,
  act: (model: Model, real: Real) => void
): fc.Command<Model, Real> => ({
  check: isPossible,
  run: (model, real) => {
    act(model, real)
    real.check(model)
  },
  toString: () => name
})
