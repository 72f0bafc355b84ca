using System.Security.Cryptography;
using Lumos.Core;
using Lumos.Drivers.Tools;

namespace Lumos.Bench.Sandboxing;

/// <summary>What is made once and kept: the root that all zones are clones of, and their init.</summary>
internal static class Ingredients
{
    /// <summary>Debian 13, the smallest variant that has apt, and iperf3. Part of the file's name: what changes here is made anew.</summary>
    private static readonly string[] _mmdebstrap = ["--mode=root", "--variant=minbase", "--include=iperf3", "--aptopt=Apt::Install-Recommends \"false\"", "trixie"];

    /// <summary>The root as an archive.</summary>
    public static string RootArchive(string cache)
    {
        string key = Convert.ToHexStringLower(SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(string.Join('\n', _mmdebstrap))))[..16];
        string archive = Path.Combine(cache, "bench", $"root-{key}.tar");
        if (!File.Exists(archive))
        {
            Directory.CreateDirectory(Path.GetDirectoryName(archive)!);
            string partial = Path.ChangeExtension(archive, $".{Environment.ProcessId}.tar");
            try
            {
                // In a mount namespace of its own, so that what mmdebstrap mounts goes with it.
                Tool.Run(["unshare", "--mount", "--propagation", "private", "--", "mmdebstrap", .. _mmdebstrap, partial], input: null).OrThrow();
                File.Move(partial, archive);
            }
            finally
            {
                File.Delete(partial);
            }
        }
        return archive;
    }

    /// <summary>Compiles bench-init, without any library so that it runs in every root.</summary>
    public static string Init(string folder)
    {
        string source = Path.Combine(folder, "bench-init.c"), program = Path.Combine(folder, "bench-init");
        using (var text = typeof(Ingredients).Assembly.GetManifestResourceStream("bench-init.c")
            ?? throw new LumosException("NoSource", "the source of bench-init is not in the program"))
        using (var file = File.Create(source))
        {
            text.CopyTo(file);
        }
        Tool.Run("gcc", "-static", "-O2", "-Wall", "-Wextra", "-o", program, source).OrThrow();
        return program;
    }
}
