// SPDX-License-Identifier: GPL-3.0-or-later

internal import FlowEngine
internal import JSONDocument

/// `{"request": "statistics"}`: how often the engine took each decision, by the reason's name, those that it never took
/// included.
final class StatisticsService: HostService {
  let name = "statistics"

  func answer(_ request: JSONValue, from client: UInt32, _ engine: Engine) -> HostAnswer {
    let statistics = engine.router.statistics
    let members = Reason.allCases.map { ($0.name, JSONValue.number(statistics[$0])) }
    return HostAnswer(JSONValue.object([("reasons", .object(members))]).description)
  }
}
