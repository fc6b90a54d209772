import { test } from '@jest/globals'
import { archivesAsItCame } from '../archive/property.ts'

test('random events are archived as what they are, and the archive verifies', () => archivesAsItCame(1000), 600_000)
