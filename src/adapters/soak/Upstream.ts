/** An upstream of the soak, as the soak sees it: an address with a distance and a fault. Its server is in another process. */
import type { Address } from "../../core/model/Config.ts"
import type { FarSite } from "../demo/distance.ts"
import type { Condition, Fault, OriginOptions } from "./orders.ts"
import { tripMs } from "./orders.ts"

export interface UpstreamOptions extends OriginOptions {
  readonly address: Address
}

export class Upstream implements FarSite {
  readonly index: number
  readonly address: Address
  readonly near: Address
  #condition: Condition = { fault: "none", slowness: 1 }
  readonly #options: UpstreamOptions
  /** Uniform numbers in [0, 1). */
  readonly #draw: () => number
  readonly #tell: (condition: Condition) => void

  /** `port`: where its server listens in truth. `tell` brings a condition to it. */
  constructor(options: UpstreamOptions, port: number, draw: () => number, tell: (condition: Condition) => void) {
    this.index = options.index
    this.address = options.address
    this.near = { host: "127.0.0.1", port }
    this.#options = options
    this.#draw = draw
    this.#tell = tell
  }

  get fault(): Fault {
    return this.#condition.fault
  }

  set fault(fault: Fault) {
    this.#set({ ...this.#condition, fault })
  }

  /** Times that its distance has grown by. */
  set slowness(slowness: number) {
    this.#set({ ...this.#condition, slowness })
  }

  #set(condition: Condition): void {
    const { fault, slowness } = this.#condition
    if (fault === condition.fault && slowness === condition.slowness) return
    this.#condition = condition
    this.#tell(condition)
  }

  readonly tripMs = (): number => tripMs(this.#options, this.#condition.slowness, this.#draw)
}
