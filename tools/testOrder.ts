/**
 * The order of the test files: long ones first, so that no worker idles at the end while another one has a long file left, and
 * last those that share their worker, so that they follow one another.
 */
import type { TestSpecification } from "vitest/node"
import { BaseSequencer } from "vitest/node"

/** Of the slowest the one that waits most comes first: it leaves its core to others. */
const FIRST = [
  "test/apps/localOutage.test.ts",
  "test/histories/histories.test.ts",
  "test/apps/keys/keys.test.ts",
  "test/dashboard/browser.test.ts",
  "test/package/consumers.test.ts",
  "test/apps/demo.test.ts",
  "test/apps/soak.test.ts"
]

export class Order extends BaseSequencer {
  override async sort(files: Array<TestSpecification>): Promise<Array<TestSpecification>> {
    return (await super.sort(files)).toSorted((a, b) => rank(a) - rank(b))
  }
}

function rank({ moduleId, project }: TestSpecification): number {
  const place = FIRST.findIndex((name) => moduleId.endsWith(name))
  if (place !== -1) return place
  return FIRST.length + (project.config.isolate ? 0 : 1)
}
