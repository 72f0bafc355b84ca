using Lumos.Core;
using Lumos.Services.Graph;
using Lumos.Services.Model;
using static Lumos.Services.Tests.Manifests;

namespace Lumos.Services.Tests;

public sealed class GraphTests
{
    /// <summary>States as a table: what is not in it is disabled.</summary>
    private sealed class States(params (string Service, ServiceState State)[] table) : IServiceStates
    {
        public HashSet<string> Files { get; } = [];

        public ServiceState State(Fmri fmri) => table.Where(t => F(t.Service) == fmri).Select(t => t.State)
            .DefaultIfEmpty(ServiceState.Disabled).First();

        public bool IsUp(Fmri fmri) => State(fmri).IsRunning();

        public bool IsWanted(Fmri fmri) => State(fmri) != ServiceState.Disabled;

        public bool FileExists(string path) => Files.Contains(path);
    }

    [Theory]
    [InlineData("require_all", ServiceState.Online, Satisfaction.Satisfied)]
    [InlineData("require_all", ServiceState.Degraded, Satisfaction.Satisfied)]
    [InlineData("require_all", ServiceState.Offline, Satisfaction.Waiting)]
    [InlineData("require_all", ServiceState.Disabled, Satisfaction.Unsatisfiable)]
    [InlineData("require_all", ServiceState.Maintenance, Satisfaction.Unsatisfiable)]
    [InlineData("optional_all", ServiceState.Online, Satisfaction.Satisfied)]
    [InlineData("optional_all", ServiceState.Offline, Satisfaction.Waiting)]
    [InlineData("optional_all", ServiceState.Disabled, Satisfaction.Satisfied)]
    [InlineData("optional_all", ServiceState.Maintenance, Satisfaction.Satisfied)]
    [InlineData("exclude_all", ServiceState.Online, Satisfaction.Unsatisfiable)]
    [InlineData("exclude_all", ServiceState.Offline, Satisfaction.Waiting)]
    [InlineData("exclude_all", ServiceState.Disabled, Satisfaction.Satisfied)]
    [InlineData("exclude_all", ServiceState.Maintenance, Satisfaction.Satisfied)]
    public void Groupings_follow_smf(string grouping, ServiceState state, Satisfaction expected)
    {
        var graph = DependencyGraph.Build([Define("a", Require("b:default", grouping)), Define("b")]);
        Assert.Equal(expected, graph.Evaluate(F("a"), new States(("b", state))));
    }

    [Fact]
    public void Require_any_takes_the_best_of_its_targets()
    {
        string any = """
            <dependency name="any" grouping="require_any" restart_on="none" type="service">
            <service_fmri value="svc:/b"/><service_fmri value="svc:/c"/></dependency>
            """;
        var graph = DependencyGraph.Build([Define("a", any), Define("b"), Define("c")]);
        Assert.Equal(Satisfaction.Satisfied, graph.Evaluate(F("a"), new States(("c", ServiceState.Online))));
        Assert.Equal(Satisfaction.Waiting, graph.Evaluate(F("a"), new States(("c", ServiceState.Offline))));
        Assert.Equal(Satisfaction.Unsatisfiable, graph.Evaluate(F("a"), new States()));
    }

    [Fact]
    public void An_absent_service_is_fine_when_optional_and_fatal_when_required()
    {
        var graph = DependencyGraph.Build([Define("a", Require("x", "optional_all")), Define("b", Require("x"))]);
        Assert.Equal(Satisfaction.Satisfied, graph.Evaluate(F("a"), new States()));
        Assert.Equal(Satisfaction.Unsatisfiable, graph.Evaluate(F("b"), new States()));
    }

    [Fact]
    public void Optional_does_not_wait_for_what_cannot_come()
    {
        var graph = DependencyGraph.Build([Define("a", Require("b", "optional_all")), Define("b", Require("missing"))]);
        Assert.Equal(Satisfaction.Satisfied, graph.Evaluate(F("a"), new States(("b", ServiceState.Offline))));
    }

    [Fact]
    public void Files_are_looked_for()
    {
        string path = """
            <dependency name="file" grouping="require_all" restart_on="none" type="path">
            <service_fmri value="file://localhost/etc/x"/></dependency>
            """;
        var graph = DependencyGraph.Build([Define("a", path)]);
        var states = new States();
        Assert.Equal(Satisfaction.Unsatisfiable, graph.Evaluate(F("a"), states));
        states.Files.Add("/etc/x");
        Assert.Equal(Satisfaction.Satisfied, graph.Evaluate(F("a"), states));
    }

    [Fact]
    public void A_dependent_element_makes_the_other_wait()
    {
        string dependent = "<dependent name='d' grouping='require_all' restart_on='none'><service_fmri value='svc:/b'/></dependent>";
        var graph = DependencyGraph.Build([Define("a", dependent), Define("b")]);
        Assert.Equal(Satisfaction.Waiting, graph.Evaluate(F("b"), new States(("a", ServiceState.Offline))));
        Assert.Equal(F("b"), Assert.Single(graph[F("a")]!.Dependents).Dependent);
    }

    [Fact]
    public void The_closing_instance_of_a_cycle_is_named_and_the_others_go_on()
    {
        var graph = DependencyGraph.Build([Define("a", Require("b")), Define("b", Require("c")), Define("c", Require("a"))]);
        Assert.Equal([F("c"), F("a"), F("b"), F("c")], graph[F("c")]!.Cycle);
        Assert.Empty(graph[F("a")]!.Cycle);
        Assert.Empty(graph[F("b")]!.Cycle);
    }

    [Fact]
    public void A_subgraph_is_everything_below()
    {
        var graph = DependencyGraph.Build([Define("m", Require("a")), Define("a", Require("b")), Define("b"), Define("z", Require("a"))]);
        Assert.Equal([F("a"), F("b"), F("m")], graph.Subgraph(F("m")).Sorted());
    }
}
