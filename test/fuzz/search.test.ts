import { searchesAsAScanDoes } from '../search/property.ts'

searchesAsAScanDoes(30, 600_000)
