using System.Text.Json.Nodes;
using Lumos.Drivers.Tools;
using Xunit;

namespace Lumos.Hosted.Tests.Host;

/// <summary>
/// A throw-away hosted global zone in a temporary folder, and the commands of the product run against it from the host, as
/// a user does: by their links, with LUMOS_ROOT in the environment.
/// </summary>
internal sealed class HostedRoot : IDisposable
{
    /// <summary>Seconds, more than anything here takes; a command that hangs fails its test and not the whole run.</summary>
    internal int Patience { get; init; } = 60;

    /// <summary>All prefixes are below; anything that bears this word is the tests'.</summary>
    internal static string Temporary { get; } = MakeTemporary();

    private static readonly List<string> s_names = [];
    private static int s_count;

    internal HostedRoot() => Prefix = Path.Combine(Temporary, $"root{Interlocked.Increment(ref s_count)}");

    /// <summary>The names of all roots that these tests brought up.</summary>
    internal static IReadOnlyList<string> Names
    {
        get
        {
            lock (s_names)
            {
                return [.. s_names];
            }
        }
    }

    internal string Prefix { get; }

    /// <summary>lumos0 and so on, as the product has chosen.</summary>
    internal string Name { get; private set; } = "";

    internal int Supervisor => (int)StatusJson()["supervisor"]!;

    /// <summary>A path inside, as it can be seen from the host.</summary>
    internal string Inside(string path) => $"/proc/{Supervisor}/root{path}";

    internal ToolResult Up(params string[] options)
    {
        var result = Host("up", ["--platform", HostedPlatform.Folder, .. File.Exists(Prefix + "/pool.img") || options.Contains("--pool-size") ? Array.Empty<string>() : ["--pool-size", "4G"], .. options]);
        if (result.Succeeded)
        {
            Name = (string)StatusJson()["name"]!;
            lock (s_names)
            {
                s_names.Add(Name);
            }
        }
        return result;
    }

    internal ToolResult Down() => Host("down");

    internal ToolResult Destroy() => Host("destroy", "--yes");

    internal JsonObject StatusJson() => JsonNode.Parse(Host("status", "--json").OrThrow().Output)!.AsObject();

    /// <summary>lumos-host with a verb and --root.</summary>
    internal ToolResult Host(string verb, params string[] options) => Run([HostedPlatform.Program("lumos-host"), verb, "--root", Prefix, .. options]);

    /// <summary>A command of the product, by its name.</summary>
    internal ToolResult Command(string name, params string[] words) => Feed(null, name, words);

    /// <summary>The same, with something on standard input.</summary>
    internal ToolResult Feed(string? input, string name, params string[] words) =>
        Run([Program(name), .. words], input);

    /// <summary>Any command line, with LUMOS_ROOT set.</summary>
    internal ToolResult Run(string[] argv, string? input = null) =>
        Tool.Run(["timeout", "--kill-after=5", $"{Patience}", .. argv], input, new Dictionary<string, string>(Tool.InCLocale()) { ["LUMOS_ROOT"] = Prefix });

    internal string Program(string name)
    {
        string sbin = HostedPlatform.Program(name);
        return File.Exists(sbin) ? sbin : Path.Combine(HostedPlatform.Folder, "usr/bin", name);
    }

    /// <summary>State by service, as svcs prints them.</summary>
    internal IReadOnlyDictionary<string, string> Services() =>
        Command("svcs", "-aH", "-o", "fmri,state").OrThrow().Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(l => l.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)).ToDictionary(w => w[0], w => w[1]);

    public void Dispose()
    {
        if (Directory.Exists(Prefix))
        {
            Destroy().OrThrow();
        }
    }

    private static string MakeTemporary()
    {
        string folder = Directory.CreateTempSubdirectory("lumos-hosted-").FullName;
        File.SetUnixFileMode(folder, (UnixFileMode)0b111_101_101); // a zone's root is nobody here, and has to pass
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(folder, recursive: true);
        return folder;
    }
}

/// <summary>The root that most tests share.</summary>
public sealed class SharedRoot : IDisposable
{
    private readonly HostedRoot _root = new();
    private readonly Lazy<HostedRoot> _ready;

    public SharedRoot() => _ready = new(() =>
    {
        _root.Up().OrThrow();
        TestImages.InstallNative(_root);
        // The first of everything makes folders and opens files that stay.
        using (var vm = HostedVm.Native(_root))
        {
            vm.Zlogin("true").OrThrow();
        }
        return _root;
    });

    internal HostedRoot Root => _ready.Value;

    public void Dispose() => _root.Dispose();
}

[CollectionDefinition(Name)]
public sealed class SharedRootTests : ICollectionFixture<SharedRoot>
{
    public const string Name = "hosted root";
}
