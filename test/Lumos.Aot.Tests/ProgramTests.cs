using System.Text.RegularExpressions;
using Lumos.Drivers.Tools;
using Lumos.LiveImage;
using Lumos.Machine;
using Xunit;

// These compile ahead of time (or find the image build's result in its cache), which is nothing for the unit tests.
[assembly: Trait("level", "live")]
[assembly: AssemblyFixture(typeof(Lumos.Aot.Tests.Programs))]

namespace Lumos.Aot.Tests;

/// <summary>The two programs as the image gets them.</summary>
public sealed class Programs
{
    private readonly Lazy<PlatformBinaries> _built;
    private readonly Lazy<string> _imageServer;

    public Programs()
    {
        Checkout = Checkout.Find();
        var options = new BuildOptions
        {
            RepositoryRoot = Checkout.Root,
            OutDirectory = Checkout.Out,
            LogFile = Path.Combine(Checkout.Out, "test", "aot.log"),
        };
        _built = new(() => PlatformBuilder.BuildBinaries(options));
        _imageServer = new(() => PlatformBuilder.BuildImageServer(options));
    }

    public Checkout Checkout { get; }

    public PlatformBinaries Built => _built.Value;

    public string ImageServer => _imageServer.Value;
}

public partial class ProgramTests(Programs programs)
{
    /// <summary>Warnings are errors, those of the ahead-of-time compiler too; so it is enough that nothing turns them off.</summary>
    [Fact]
    public void It_compiles_without_a_warning_of_trimming_or_AOT_and_none_is_turned_off()
    {
        Assert.True(File.Exists(programs.Built.Lumos));
        var files = Directory.EnumerateFiles(Path.Combine(programs.Checkout.Root, "src"), "*", SearchOption.AllDirectories)
            .Where(file => file.EndsWith(".cs", StringComparison.Ordinal) || file.EndsWith(".csproj", StringComparison.Ordinal))
            .Where(file => !file.Split('/').Any(part => part is "bin" or "obj"))
            .Append(Path.Combine(programs.Checkout.Root, "Directory.Build.props"))
            .Append(Path.Combine(programs.Checkout.Root, ".globalconfig"));
        Assert.DoesNotContain(files, file => TurnedOff().IsMatch(File.ReadAllText(file)));
    }

    [Fact]
    public void The_multi_call_binary_keeps_its_budget() =>
        Assert.InRange(new FileInfo(programs.Built.Lumos).Length, 1, PlatformBuilder.BinaryBudget);

    [Fact]
    public void The_image_server_keeps_its_budget_and_says_how_it_is_used()
    {
        Assert.InRange(new FileInfo(programs.ImageServer).Length, 1, 16 << 20);
        var run = Tool.Run(programs.ImageServer, "--help");
        Assert.Equal(0, run.Status);
        Assert.Contains("--mirror URL", run.Output);
    }

    [Fact]
    public void It_needs_no_library_but_the_C_librarys()
    {
        string needed = Tool.Run("ldd", programs.Built.Lumos).OrThrow().Output;
        Assert.All(needed.Split('\n', StringSplitOptions.RemoveEmptyEntries),
            line => Assert.Matches(@"linux-vdso|ld-linux|libc\.so|libm\.so|libdl\.so|libpthread\.so|librt\.so|libgcc_s\.so|statically linked", line));
    }

    [Fact]
    public void Every_command_has_a_manual_page_and_says_what_it_is_for()
    {
        var names = Commands();
        Assert.NotEmpty(names);
        string[] pages = [.. Directory.EnumerateFiles(Path.Combine(programs.Checkout.Root, "man"), "*", SearchOption.AllDirectories)
            .Select(page => Path.GetFileNameWithoutExtension(page)!)];
        Assert.Empty(names.Where(name => name.Summary.Length == 0).Select(name => name.Name));
        Assert.Empty(names.Select(name => name.Name).Except(pages));
    }

    [Fact]
    public void A_command_that_is_not_there_is_status_2()
    {
        var run = Tool.Run(programs.Built.Lumos, "frobnicate");
        Assert.Equal(2, run.Status);
        Assert.Contains("frobnicate", run.ErrorOutput);
    }

    private List<(string Name, string Summary)> Commands() =>
    [
        .. Tool.Run(programs.Built.Lumos, "help").OrThrow().Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => line.Split(' ', 2)).Select(words => (words[0], words.Length > 1 ? words[1].Trim() : "")),
    ];

    [GeneratedRegex(@"UnconditionalSuppressMessage|(NoWarn|pragma warning disable|WarningsNotAsErrors|severity).*\bIL\d{4}|SuppressTrimAnalysisWarnings|IL[23]\d{3}.*severity")]
    private static partial Regex TurnedOff();
}
