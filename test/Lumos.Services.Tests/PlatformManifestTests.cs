using Lumos.Services.Graph;
using Lumos.Services.Manifest;
using Lumos.Services.Model;

namespace Lumos.Services.Tests;

/// <summary>The manifests that the platform brings: valid, complete, without cycles, and with their scripts.</summary>
public sealed class PlatformManifestTests
{
    private static readonly string Smf = Path.Combine(Repository.Root, "smf");

    [Theory]
    [InlineData("global")]
    [InlineData("zone")]
    public void All_can_start_and_none_waits_for_ever(string which)
    {
        var definitions = Read(which);
        var graph = DependencyGraph.Build(definitions);
        Assert.All(graph.Nodes, n => Assert.Empty(n.Cycle));
        var all = definitions.Select(d => d.Fmri.ToString()).ToHashSet();
        Assert.All(
            definitions.SelectMany(d => d.Dependencies).Where(d => !d.OnPaths).SelectMany(d => d.Targets),
            t => Assert.False(graph.Resolve(t).IsEmpty, $"{t} is not there"));
        // Everything is, near or far, part of multi-user-server, but for what stands beside it.
        var reached = graph.Subgraph(new("milestone/multi-user-server", "default")).Select(f => f.Service).ToHashSet();
        Assert.Equal(
            which == "global" ? ["network/imgapi", "system/console-login"] : ["smartdc/mdata", "system/console-login"],
            definitions.Select(d => d.Fmri.Service).Distinct().Where(s => !reached.Contains(s)).Order());
    }

    [Theory]
    [InlineData("global")]
    [InlineData("zone")]
    public void Method_scripts_are_there_and_executable(string which)
    {
        foreach (var method in Read(which).SelectMany(d => d.Methods.Values))
        {
            string program = method.Exec.Split(' ')[0];
            if (program.StartsWith("/usr/lib/svc/method/", StringComparison.Ordinal))
            {
                string script = Path.Combine(Smf, "method", Path.GetFileName(program));
                Assert.True(File.GetUnixFileMode(script).HasFlag(UnixFileMode.UserExecute), script);
            }
        }
    }

    [Fact]
    public void The_global_zone_has_the_services_that_smartos_users_know()
    {
        string[] names = [.. Read("global").Select(d => d.Fmri.ToString())];
        Assert.Superset(
            new HashSet<string>
            {
                "svc:/system/filesystem/smartdc:default", "svc:/system/smartdc/init:default", "svc:/network/physical:default",
                "svc:/system/smartdc/config:default", "svc:/network/ssh:default", "svc:/system/smartdc/vminfod:default",
                "svc:/system/smartdc/vmadmd:default", "svc:/system/smartdc/metadata:default", "svc:/system/zones:default", "svc:/milestone/multi-user:default",
            },
            names.ToHashSet());
    }

    private static List<InstanceDefinition> Read(string which)
    {
        var repository = new Services.Repository.ServiceRepository(null);
        foreach (string file in Directory.GetFiles(Path.Combine(Smf, "manifest", which), "*.xml"))
        {
            repository.AddManifest(file, File.ReadAllText(file));
        }
        return [.. repository.Compose(Assert.Fail)];
    }
}

internal static class Repository
{
    /// <summary>The checkout.</summary>
    internal static string Root { get; } = Find();

    private static string Find()
    {
        string? directory = AppContext.BaseDirectory;
        while (directory is not null && !File.Exists(Path.Combine(directory, "Lumos.slnx")))
        {
            directory = Path.GetDirectoryName(directory);
        }
        return directory ?? throw new InvalidOperationException("the tests are not run from a checkout");
    }
}
