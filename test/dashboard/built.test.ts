/** The page that the admin port serves is what its sources give. */
import { readFileSync } from "node:fs"
import { expect, it } from "vitest"
import { buildDashboard, PAGE_FILE } from "../../tools/buildDashboard.ts"

it("src/adapters/admin/dashboardPage.ts is up to date (node tools/buildDashboard.ts)", async () => {
  expect(readFileSync(PAGE_FILE, "utf8") === await buildDashboard()).toBe(true)
})
