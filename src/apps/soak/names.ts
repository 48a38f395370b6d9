/** The resolver of the made-up network. It answers at once, and not at all while it is dead. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { ResolveError } from "../../plane/ports/errors.ts"
import { Resolver } from "../../plane/ports/Resolver.ts"
import type { World } from "./world.ts"
import { HOSTS } from "./world.ts"

export class Names {
  isDead = false
  readonly #addresses: ReadonlyArray<string>

  constructor(world: World) {
    this.#addresses = world.names.map(({ address }) => address.host)
  }

  addressesOf(host: string): ReadonlyArray<string> {
    return (HOSTS as ReadonlyArray<string>).includes(host) ? this.#addresses : []
  }

  readonly layer = Layer.succeed(
    Resolver,
    Resolver.of({
      resolve: Effect.fnUntraced({ self: this }, function* (host, { timeoutMs, maxAnswers }) {
        if (this.isDead) {
          yield* Effect.sleep(timeoutMs)
          return yield* new ResolveError({ host, code: "ETIMEOUT" })
        }
        const addresses = this.addressesOf(host)
        if (addresses.length === 0) return yield* new ResolveError({ host, code: "ENOTFOUND" })
        return { addresses: addresses.slice(0, maxAnswers), omitted: Math.max(0, addresses.length - maxAnswers), silent: 0 }
      })
    })
  )
}
