import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Static, Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import { parse } from 'yaml'
import { DEPLOY } from './promtool.ts'

const Texts = Type.Record(Type.String(), Type.String())
const RuleFile = Type.Object({
  groups: Type.Array(
    Type.Object({
      name: Type.String(),
      rules: Type.Array(
        Type.Object({
          record: Type.Optional(Type.String()),
          alert: Type.Optional(Type.String()),
          expr: Type.String(),
          labels: Type.Optional(Texts),
          annotations: Type.Optional(Texts)
        })
      )
    })
  )
})
const TestFile = Type.Object({
  tests: Type.Array(
    Type.Object({
      alert_rule_test: Type.Optional(
        Type.Array(Type.Object({ alertname: Type.String(), exp_alerts: Type.Array(Type.Unknown()) }))
      ),
      promql_expr_test: Type.Optional(Type.Array(Type.Object({ expr: Type.String() })))
    })
  )
})

export type Rule = Static<typeof RuleFile>['groups'][number]['rules'][number]
export type RuleTest = Static<typeof TestFile>['tests'][number]

const folder = (name: string) => join(DEPLOY, 'prometheus', name)

export function rules(): Rule[] {
  return filesOf('rules').flatMap(text => Value.Parse(RuleFile, parse(text)).groups.flatMap(group => group.rules))
}

export function ruleTests(): RuleTest[] {
  return filesOf('tests').flatMap(text => Value.Parse(TestFile, parse(text)).tests)
}

function filesOf(name: string): string[] {
  return readdirSync(folder(name)).map(file => readFileSync(join(folder(name), file), 'utf8'))
}
