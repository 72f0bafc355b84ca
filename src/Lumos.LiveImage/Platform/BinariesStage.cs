using Lumos.Core;
using Lumos.LiveImage.Stages;

namespace Lumos.LiveImage.Platform;

/// <summary>Stage <c>binaries</c>: the two programs, compiled ahead of time by the .NET SDK.</summary>
internal static class BinariesStage
{
    internal const string Name = "binaries";
    private const string Version = "1";
    private static readonly string[] SharedFiles = ["Directory.Build.props", "Directory.Packages.props", "global.json", ".globalconfig", ".editorconfig"];

    internal static string Key(string repository)
    {
        var key = new StageKey().Add(Name).Add(Version);
        foreach (string file in SharedFiles)
        {
            key.AddFile(Path.Combine(repository, file), file);
        }
        return key.AddTree(Path.Combine(repository, "src"), IsSource).Finish();
    }

    /// <summary>Whether a path below src/ can change the programs: not what builds leave there, nor the image builder itself.</summary>
    internal static bool IsSource(string path) =>
        !path.Contains("/bin/", StringComparison.Ordinal) && !path.Contains("/obj/", StringComparison.Ordinal)
        && !path.StartsWith("Lumos.LiveImage/", StringComparison.Ordinal);

    internal static void Make(BuildLog log, string repository, string work)
    {
        foreach (string program in new[] { "lumos", "lumos-init" })
        {
            string output = Path.Combine(work, "publish-" + program);
            log.Run(["dotnet", "publish", Path.Combine(repository, "src", program), "--configuration", "Release", "--output", output, "--nologo", "-verbosity:minimal"]);
            string binary = Path.Combine(output, program);
            if (!File.Exists(binary))
            {
                throw new LumosException("NoBinary", $"dotnet publish left no program {binary}");
            }
            File.Move(binary, Path.Combine(work, program));
            Scratch.Delete(output);
        }
    }
}
