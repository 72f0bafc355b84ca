using System.Xml.Linq;
using Lumos.Core;
using Lumos.LiveImage.Stages;

namespace Lumos.LiveImage.Platform;

/// <summary>
/// Stages <c>lumos</c>, <c>lumos-init</c> and <c>lumos-imgapi</c>: the programs, compiled ahead of time by the .NET SDK. Each is
/// keyed by the sources of the projects it is made of, so a change of one leaves the others alone.
/// </summary>
internal static class BinariesStage
{
    internal const string Lumos = "lumos", Init = "lumos-init", Imgapi = "lumos-imgapi";
    private const string Version = "2";
    private static readonly string[] SharedFiles = ["Directory.Build.props", "Directory.Packages.props", "global.json", ".globalconfig", ".editorconfig"];

    internal static string Key(string repository, string program)
    {
        var key = new StageKey().Add(program).Add(Version);
        foreach (string file in SharedFiles)
        {
            key.AddFile(Path.Combine(repository, file), file);
        }
        foreach (string project in ProjectsOf(Path.Combine(repository, "src"), program).Order(StringComparer.Ordinal))
        {
            key.Add(project).AddTree(Path.Combine(repository, "src", project), IsSource);
        }
        return key.Finish();
    }

    /// <summary>A project and those it refers to, directly or not, by the names of their folders below src/.</summary>
    internal static IReadOnlySet<string> ProjectsOf(string src, string project)
    {
        var found = new HashSet<string>();
        var waiting = new Queue<string>([project]);
        while (waiting.TryDequeue(out string? each))
        {
            if (found.Add(each))
            {
                var file = XDocument.Load(Path.Combine(src, each, each + ".csproj"));
                foreach (var reference in file.Descendants("ProjectReference"))
                {
                    waiting.Enqueue(Path.GetFileNameWithoutExtension(((string)reference.Attribute("Include")!).Replace('\\', '/')));
                }
            }
        }
        return found;
    }

    /// <summary>Whether a path can change the program: not what builds leave in bin/ and obj/.</summary>
    internal static bool IsSource(string path) =>
        path is not ("bin/" or "obj/") && !path.EndsWith("/bin/", StringComparison.Ordinal) && !path.EndsWith("/obj/", StringComparison.Ordinal);

    internal static void Make(BuildLog log, string repository, string program, string work)
    {
        string output = Path.Combine(work, "publish");
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
