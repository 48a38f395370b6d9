/**
 * What the core knows of the configuration: each limit as a number with its unit in its name, and no secrets. Each upstream has
 * the general sections with its own overrides already laid over them.
 *
 * The keys of sections come from the tables of the file. As a schema it serves the reader of records: a reload is an event that
 * carries the configuration.
 */
import * as Schema from "effect/Schema"
import { autoDisable, expiry, history, onDemand, pruning } from "./limits.ts"
import { access, dns, sources } from "./names.ts"
import { ladder, proof, rates, sections } from "./sections.ts"
import { fieldsOf, recordOf } from "./tables.ts"
import { AddressValue } from "./values.ts"

const Header = Schema.optionalKey(Schema.Literals(["v1", "v2"]))

/** The identity that a candidate proves by a TLS handshake. */
const IdentitySchema = Schema.Struct({
  /** The name in SNI, for which the certificate has to be valid. */
  servername: Schema.String,
  /**
   * Digest of the file of certificates that the certificate is checked against; the shell knows the file. Empty: those that the
   * runtime trusts. A changed file is a changed configuration, and the record holds neither certificates nor paths.
   */
  ca: Schema.String,
  /** The version of the PROXY header that comes before the handshake; absent: none does. */
  header: Header
})

const UpstreamSchema = Schema.Struct({
  /** Empty: the slot is free. */
  name: Schema.String,
  /** The name is not configured any more. It keeps its slot while candidates or sessions of it are left. */
  removed: Schema.Boolean,
  /** true: clients of this upstream always go to the last resort. */
  bypass: Schema.Boolean,
  /** The name that has candidates as its addresses (source `dns`); empty: none. */
  host: Schema.String,
  /** Port of those addresses. */
  port: Schema.Finite,
  /** Candidates in configured order (source `user-static`). */
  candidates: Schema.Array(AddressValue),
  /** Candidates for when no other candidate can serve (source `fallback`), in the order in which they are tried. */
  fallback: Schema.Array(AddressValue),
  ...fieldsOf(sections),
  dns: recordOf(dns),
  ...fieldsOf(ladder),
  ...fieldsOf(expiry),
  /** What a candidate has to prove before it serves; null: a handshake is enough. */
  identity: Schema.NullOr(IdentitySchema),
  /**
   * Digest of the file of certificates that a program's TLS checks against, as in `identity`. Empty: those that the runtime trusts.
   */
  ca: Schema.String,
  /** false: its candidates are found on first use, by a race that the first clients share. */
  preheat: Schema.Boolean,
  /** The lists for its candidates; absent: the general ones. */
  access: Schema.optionalKey(recordOf(access)),
  /** The version of the PROXY header that its candidates get first; absent: they get none. */
  header: Header,
  /** true: a client asked for it, and no configuration names it. */
  onDemand: Schema.Boolean
})

export interface UpstreamConfig extends Schema.Schema.Type<typeof UpstreamSchema> {}
const Upstream: Schema.Codec<UpstreamConfig> = UpstreamSchema

export const ConfigSchema = Schema.Struct({
  /** false: every client goes to the last resort. */
  enabled: Schema.Boolean,
  /** The index is the slot and the id of an upstream. A name keeps its slot for as long as the process runs: see arrange.ts. */
  upstreams: Schema.Array(Upstream),
  /** Limits of probing over all upstreams. */
  probing: recordOf(rates),
  /** Per upstream. Configurations with longer lists are refused. */
  maxCandidates: Schema.Finite,
  /** Warm sockets of all candidates, connected or being dialled. */
  poolTotal: Schema.Finite,
  sources: recordOf(sources),
  /** Addresses of well-known hosts (source `builtin`). They get the port of the upstream that has the host, which is in lower case. */
  builtin: Schema.Array(Schema.Struct({ host: Schema.String, addresses: Schema.Array(Schema.String) })),
  access: recordOf(access),
  history: recordOf(history),
  /** Limits for a local outage: this machine's own network is down (reducers/outage.ts). */
  outage: Schema.Struct({
    /** References: addresses that answer as long as the network works. */
    connectivity: Schema.Array(AddressValue),
    /** A silence window has to last this long, and at least two seconds. It limits a probe of a reference as well. */
    timeoutMs: Schema.Finite
  }),
  autoDisable: Schema.Struct({
    ...fieldsOf(autoDisable),
    /** The length of a round of `failures`. */
    roundMs: Schema.Finite
  }),
  onDemand: recordOf({ ...onDemand, ...pruning, ...proof }),
  /** All but host and port of an upstream that a client asks for: the general sections. */
  template: Upstream
})

export interface Config extends Schema.Schema.Type<typeof ConfigSchema> {}
