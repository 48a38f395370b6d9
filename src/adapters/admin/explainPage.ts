/** `/explain?upstream=NAME`: why these candidates serve an upstream and not the others, and what would change it. */
import * as Effect from "effect/Effect"
import type { HttpServerRequest } from "effect/http/HttpServerRequest"
import * as Upstreams from "../../core/upstreams.ts"
import { Engine } from "../../shell/Engine.ts"
import { explainText } from "../../shell/explain/document.ts"
import { Explanations } from "../../shell/explain/Explanations.ts"
import type { Addresses } from "../../shell/privacy.ts"
import * as Option from "effect/Option"
import { said } from "./guard.ts"
import type { Handler } from "./Handler.ts"
import { namesOf, slotOf } from "./slotOf.ts"
import { candidatesWanted, isLocal, jsonStream } from "./statusPage.ts"

/** Upstreams that a refusal names at most. */
const MOST_NAMED = 20

export const explain = Effect.fnUntraced(function* ({ addresses }: { readonly addresses: Addresses }) {
  const engine = yield* Engine
  const explanations = yield* Effect.serviceOption(Explanations)
  const evidence = Option.isSome(explanations) ? explanations.value.evidence : null
  const handler: Handler = (request) =>
    Effect.sync(() => {
      const state = engine.stateUnsafe()
      const name = wanted(request)
      const upstream = name === null ? undefined : Upstreams.find(state, slotOf(state.config, name))
      if (upstream === undefined) return unknown(name, namesOf(state.config))
      const candidates = candidatesWanted(request)
      if (candidates === undefined) return said(400, "candidates: expected a whole number from 0 to 1000000")
      const seen = { state, upstream, atUs: Math.max(state.at, engine.nowUs()), evidence }
      return jsonStream(explainText(seen, { addresses: isLocal(request) ? "full" : addresses, candidates }))
    })
  return handler
})

function wanted({ url }: HttpServerRequest): string | null {
  return new URL(url, "http://admin").searchParams.get("upstream")
}

function unknown(name: string | null, names: ReadonlyArray<string>) {
  const shown = names.slice(0, MOST_NAMED).join(", ")
  const more = names.length > MOST_NAMED ? ` and ${names.length - MOST_NAMED} more` : ""
  const there = names.length === 0 ? "there are no upstreams" : `there are ${shown}${more}`
  return name === null
    ? said(400, `name an upstream: /explain?upstream=NAME; ${there}`)
    : said(404, `there is no upstream ${JSON.stringify(name.slice(0, 100))}; ${there}`)
}
