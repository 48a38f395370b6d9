/** Effect's HttpClient through Fairlead, and what the traces of all clients have. */
import { assert, describe, it } from "@effect/vitest"
import { context, trace } from "@opentelemetry/api"
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks"
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import * as https from "node:https"
import { text } from "node:stream/consumers"
import { httpsAgentOf } from "../../src/http.ts"
import { Fairlead } from "../../src/mod.ts"
import { httpClient, servedBy } from "../../src/undici.ts"
import { authority, good } from "../support/certificates.ts"
import { keptSpans } from "../support/spans.ts"
import { clientFor, HOST, IN_ORDER, site } from "../support/site.ts"

const EXPECTED = {
  "fairlead.upstream": HOST,
  "fairlead.candidate": `${HOST}#1`,
  "fairlead.stage": "disabled",
  "fairlead.warm": false
}

describe("Effect's HttpClient", () => {
  it.live("is served by a candidate, tells which, and its end closes its connections", () =>
    Effect.gen(function* () {
      const stack = yield* Effect.acquireRelease(
        Effect.sync(() => new AsyncDisposableStack()),
        (one) => Effect.promise(() => one.disposeAsync())
      )
      const servers = yield* Effect.promise(() => site(stack, { tls: good }, { tls: good }))
      const port = servers[0]?.port ?? 0
      const fairlead = Fairlead.layer({
        ...IN_ORDER,
        upstreams: { [HOST]: { port, candidates: servers.map(({ host }) => `${host}:${port}`) } }
      })
      const { tracing, spans } = keptSpans()
      const answer = yield* Effect.gen(function* () {
        const response = yield* HttpClient.get(`https://${HOST}:${port}/effect`)
        assert.deepInclude(servedBy(response), { candidate: `${HOST}#1`, stage: "disabled" } as const)
        return yield* response.text
      }).pipe(
        Effect.withSpan("program"),
        Effect.withTracer(tracing.tracer),
        Effect.provide(Layer.provide(httpClient({ tls: { ca: authority } }), fairlead))
      )
      assert.strictEqual(answer, "127.0.0.2 GET /effect ")
      const attributes = Object.fromEntries(spans.find(({ name }) => name === "program")?.attributes ?? [])
      assert.deepInclude(attributes, EXPECTED)
    }).pipe(Effect.scoped))
})

describe("the active span of OpenTelemetry", () => {
  it("has candidate, source, latency and stage of the request that was made in it", async () => {
    await using stack = new AsyncDisposableStack()
    const exporter = new InMemorySpanExporter()
    const tracer = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }).getTracer("test")
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
    stack.defer(() => context.disable())
    const servers = await site(stack, { tls: good }, { tls: good })
    const { fetch, fairlead } = await clientFor(stack, servers)
    const agent = httpsAgentOf(fairlead, { tls: { ca: authority } })
    stack.defer(() => agent.destroy())
    const url = `https://${HOST}:${servers[0]?.port}/`
    const byNode = () =>
      new Promise<string>((resolve, reject) =>
        https.get(url, { agent }, (response) => resolve(text(response))).on("error", reject)
      )
    for (const [name, run] of [["fetch", async () => (await fetch(url)).text()], ["https.get", byNode]] as const) {
      const span = tracer.startSpan(name)
      await context.with(trace.setSpan(context.active(), span), run)
      span.end()
      assert.deepStrictEqual(exporter.getFinishedSpans().find((one) => one.name === name)?.attributes, EXPECTED)
    }
  })
})
