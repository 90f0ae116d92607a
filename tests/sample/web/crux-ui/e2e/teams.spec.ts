import { createProject, createTeam } from './support/forms'
import { expect, screenshot, test } from './support/test'
import { unique } from './support/users'

test.beforeEach(async ({ memberPage: page }) => {
  await page.goto('/teams')
})

test('a member creates a team, and projects in it', async ({ memberPage: page, member }) => {
  await expect(page.getByRole('heading', { name: 'No teams yet' })).toBeVisible()
  await screenshot(page, 'none')

  await createTeam(page, { name: 'Platform Crew', slug: `platform-${unique()}` })
  await expect(page.getByRole('heading', { name: 'Platform Crew', level: 1 })).toBeVisible()
  await expect(page.getByText(`1 member: ${member.email}`)).toBeVisible()
  await expect(page.getByRole('heading', { name: 'No projects yet' })).toBeVisible()
  await screenshot(page, 'new')

  await createProject(page, { name: 'Search' })
  await expect(page.getByRole('status')).toHaveText('Search was created.')
  await createProject(page, { name: 'Billing', description: 'Sends invoices, and reminders when they are late.' })
  await expect(page.getByRole('status')).toHaveText('Billing was created.')

  const projects = page.getByRole('list', { name: 'Projects' }).getByRole('listitem')
  await expect(projects).toHaveCount(2)
  await expect(projects.nth(0)).toContainText('Billing')
  await expect(projects.nth(0)).toContainText('Sends invoices, and reminders when they are late.')
  await expect(projects.nth(0)).toContainText(`Created by ${member.email}`)
  await expect(projects.nth(1)).toContainText('Search')
  await screenshot(page, 'projects')

  await page.reload()
  await expect(projects).toHaveCount(2)
})

test('a member finds all their teams in the list', async ({ page }) => {
  const id = unique()
  for (const name of ['Operations', 'Games']) {
    await createTeam(page, { name, slug: `${name.toLowerCase()}-${id}` })
    await expect(page.getByRole('heading', { name, level: 1 })).toBeVisible()
    await page.getByRole('navigation', { name: 'Breadcrumb' }).getByRole('link', { name: 'Teams' }).click()
    await expect(page).toHaveURL('/teams')
  }

  const teams = page.getByRole('list', { name: 'Teams' }).getByRole('link')
  await expect(teams).toContainText(['Games', 'Operations'])
  await screenshot(page, 'list')

  await teams.first().click()
  await expect(page).toHaveURL(`/teams/games-${id}`)
})

test('a name that cannot be right is told at once', async ({ page }) => {
  await createTeam(page, { name: 'ab' })

  const name = page.getByRole('textbox', { name: 'Name' })
  await expect(name).toHaveAccessibleDescription('The name must have 3 to 70 characters.')
  await expect(name).toBeFocused()
  await screenshot(page, 'name-too-short')
})

test('two teams cannot have the same slug', async ({ page }) => {
  const id = unique()
  await createTeam(page, { name: `Twins ${id}` })
  await expect(page).toHaveURL(`/teams/twins-${id}`)

  await page.goto('/teams')
  await createTeam(page, { name: `Twins ${id}` })
  await expect(page.getByRole('textbox', { name: 'Slug' })).toHaveAccessibleDescription(
    `There is already a team with the slug "twins-${id}".`,
  )
  await screenshot(page, 'slug-taken')
})
