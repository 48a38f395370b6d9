/** Host names as they are written in the configuration. */
import * as Schema from "effect/Schema"
import { hostFault, isHost } from "../hostName.ts"
import { formed, parseDomain } from "./units.ts"

export const HOST = "a host name such as example.com, or an IP address"

/** A host name; empty: there is none. */
export const HostText = formed(
  Schema.String.check(Schema.makeFilter((text) => text === "" || isHost(text) ? undefined : `expected ${HOST}`)),
  { expected: HOST, json: { type: "string", pattern: "^[^\\s/?#@*\\[\\]]*$" } }
)

/** How to mend a text that is no host name. */
export const hostCure = (text: string): string => hostFault(text) ?? ""

const DOMAIN = "a host, with a port or without, such as github.com or api.github.com:8443"

export const DomainText = formed(
  Schema.String.check(
    Schema.makeFilter((text) => {
      const domain = parseDomain(text)
      return domain !== undefined && isHost(domain.host) ? undefined : `expected ${DOMAIN}`
    })
  ),
  { expected: DOMAIN, json: { type: "string", pattern: "^[^\\s/?#@*\\[\\]:]+(:[0-9]{1,5})?$" } }
)
