// SPDX-License-Identifier: GPL-3.0-or-later

import PacketWire
import Testing

@testable import FlowEngine

/// What the router knows of the paths to single destinations, and for how long. What teaches it is in the recorded scenarios.
@Suite("MTU of paths")
struct PathMTUTests {
  private func route(_ scene: Scene) throws -> Route {
    try #require(scene.router.lookUpRoute(scene.family, scene.server))
  }

  @Test("IPv4 does not believe less than 552, which then counts for what is forwarded, until it is forgotten")
  func locked() throws {
    let scene = Scene(.linux72)
    let router = scene.router
    router.learnPathMTU(1000, of: scene.server, .ipv4, by: try route(scene))
    #expect(router.ownMTU(of: try route(scene)) == 1000)
    #expect(router.mtu(of: try route(scene)) == 1500)
    router.learnPathMTU(300, of: scene.server, .ipv4, by: try route(scene))
    #expect(router.mtu(of: try route(scene)) == 552)
    router.learnPathMTU(500, of: scene.server, .ipv4, by: try route(scene))
    scene.wait(599)
    #expect(router.mtu(of: try route(scene)) == 552)
    scene.wait(2)
    #expect(router.mtu(of: try route(scene)) == 1500)
    #expect(router.ownMTU(of: try route(scene)) == 1500)
  }

  @Test("IPv6 learns nothing below 1280, and what it learned counts for what leaves only")
  func least() throws {
    let scene = Scene(.linux72)
    scene.family = .ipv6
    let router = scene.router
    router.learnPathMTU(1279, of: scene.server, .ipv6, by: try route(scene))
    #expect(router.ownMTU(of: try route(scene)) == 1500)
    router.learnPathMTU(1280, of: scene.server, .ipv6, by: try route(scene))
    #expect(router.ownMTU(of: try route(scene)) == 1280)
    #expect(router.mtu(of: try route(scene)) == 1500)
    scene.wait(601)
    #expect(router.ownMTU(of: try route(scene)) == 1500)
  }

  @Test("a path follows its device's MTU where it is smaller, or was the path's")
  func deviceChanges() throws {
    let scene = Scene(.linux72)
    let router = scene.router
    router.learnPathMTU(1000, of: scene.server, .ipv4, by: try route(scene))
    router.setMTU(scene.wan, 1200)
    #expect(router.ownMTU(of: try route(scene)) == 1000)
    router.setMTU(scene.wan, 800)
    #expect(router.ownMTU(of: try route(scene)) == 800)
    router.setMTU(scene.wan, 1500)
    #expect(router.ownMTU(of: try route(scene)) == 1500)
  }
}
