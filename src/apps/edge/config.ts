/**
 * The configuration of an edge runtime: the keys of the file that mean something there, with the checks of the file. A key
 * without an effect is refused, because its author would rely on it.
 */
import type { Config } from "../../core/model/Config.ts"
import type { Addresses } from "../../shell/privacy.ts"
import type { FairleadConfig } from "../embed/FairleadConfig.ts"
import type { Problem } from "../config/Problem.ts"
import { parseSource } from "../config/parse.ts"
import type { Plain } from "../config/plain.ts"
import { isPlain } from "../config/plain.ts"

const SECTIONS = ["probing", "scoring", "selector", "balancing", "dial", "breaker", "attempts"] as const
const TOP = ["enabled", "dns", "sources", "builtin", "access", "autoDisable", "cache", "privacy", "preheatDomains"] as const
const OF_UPSTREAM = ["host", "port", "candidates", "fallback", "preheat", "bypass"] as const

type OneUpstream = NonNullable<NonNullable<FairleadConfig["upstreams"]>[string]>

/** As in docs/configuration.md, without the keys that have no effect at the edge. */
export type EdgeConfig = Pick<FairleadConfig, typeof SECTIONS[number] | typeof TOP[number]> & {
  readonly upstreams: { readonly [name: string]: Pick<OneUpstream, typeof SECTIONS[number] | typeof OF_UPSTREAM[number]> }
}

/** The configuration is not valid, so nothing was made. */
export class EdgeConfigError extends Error {
  override readonly name = "EdgeConfigError"
  /** All problems. */
  readonly problems: ReadonlyArray<Pick<Problem, "path" | "expected" | "message">>

  constructor(problems: ReadonlyArray<Pick<Problem, "path" | "expected" | "message">>) {
    super(problems.map(({ path, message }) => `config${path === "" ? "" : ` ${path}`}: ${message}`).join("\n"))
    this.problems = problems.map(({ path, expected, message }) => ({ path, expected, message }))
  }
}

/** A worker may wait for six new connections at once, and a further one would wait for them unnoticed. */
const MOST_AT_ONCE = 6
const NOWHERE = { line: undefined, column: undefined }

export interface EdgeSettings {
  readonly core: Config
  readonly addresses: Addresses
}

/** `canResolve`: the program has brought a resolver for names. Throws an `EdgeConfigError`. */
export function settingsOf(config: EdgeConfig, canResolve: boolean): EdgeSettings {
  const plain = plainOf(config)
  const own = [...foreignKeys(plain), ...unable(plain, canResolve)]
  if (own.length > 0) throw new EdgeConfigError(own)
  const probing = isPlain(plain["probing"]) ? plain["probing"] : {}
  const none = { path: "none" }
  const value = {
    ...plain,
    eventLog: none,
    history: none,
    admin: { listen: "off" },
    pool: { mode: "off" },
    probing: { maxParallel: MOST_AT_ONCE, idle: "always", ...probing, mode: "tcp" }
  }
  const source = { value, broken: [], repeated: [], warnings: [], locationOf: () => NOWHERE }
  const { settings, problems } = parseSource(source, {}, true)
  if (settings === undefined) throw new EdgeConfigError(problems)
  return { core: settings.core, addresses: settings.privacy.addresses }
}

function plainOf(config: unknown): Plain {
  const copy: unknown = JSON.parse(JSON.stringify(config ?? null))
  if (isPlain(copy)) return copy
  throw new EdgeConfigError([{
    path: "",
    expected: "a plain object",
    message: "expected a plain object of keys and values"
  }])
}

const upstreamsOf = ({ upstreams }: Plain): ReadonlyArray<readonly [name: string, upstream: Plain]> =>
  isPlain(upstreams) ? Object.entries(upstreams).filter((pair): pair is [string, Plain] => isPlain(pair[1])) : []

function foreignKeys(config: Plain) {
  const known: ReadonlyArray<string> = [...SECTIONS, ...TOP, "upstreams"]
  const ofUpstream: ReadonlyArray<string> = [...SECTIONS, ...OF_UPSTREAM]
  return [
    ...Object.keys(config).filter((key) => !known.includes(key)),
    ...upstreamsOf(config).flatMap(([name, one]) =>
      Object.keys(one).filter((key) => !ofUpstream.includes(key)).map((key) => `upstreams.${name}.${key}`)
    )
  ].map((path) => ({ path, expected: "nothing", message: "has no effect at the edge, or is no key: take it out" }))
}

/** What the sockets of the edge cannot do. */
function unable(config: Plain, canResolve: boolean) {
  const places = [["", config] as const, ...upstreamsOf(config).map(([name, one]) => [`upstreams.${name}.`, one] as const)]
  const proofs = places.filter(([, { probing }]) => isPlain(probing) && probing["mode"] === "tls").map(([at]) => ({
    path: `${at}probing.mode`,
    expected: "tcp or auto",
    message: "tls needs a socket that can ask an address for the certificate of another name, and the edge has none: use tcp"
  }))
  const affine = places.filter(([, { balancing }]) => isPlain(balancing) && balancing["affinity"] === "client").map((
    [at]
  ) => ({ path: `${at}balancing.affinity`, expected: "none", message: "client has no effect at the edge: take it out" }))
  const named = canResolve ? [] : [
    ...upstreamsOf(config).filter(([, { host }]) => host !== undefined && host !== "").map(([name]) =>
      `upstreams.${name}.host`
    ),
    ...(Array.isArray(config["preheatDomains"]) && config["preheatDomains"].length > 0 ? ["preheatDomains"] : [])
  ]
  return [
    ...proofs,
    ...affine,
    ...named.map((path) => ({
      path,
      expected: "a resolver",
      message: "needs a resolver for names, and the edge has none: give `resolve`, such as dnsOverHttps(URL)"
    }))
  ]
}
