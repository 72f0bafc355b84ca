using Lumos.LiveImage.Stages;

namespace Lumos.LiveImage.Platform;

/// <summary>Puts files of this repository into a tree, with modes that do not hang on the builder's umask.</summary>
internal static class TreeInstall
{
    internal const UnixFileMode Program = (UnixFileMode)0b111_101_101, Data = (UnixFileMode)0b110_100_100;

    /// <summary>Copies a folder; its files are programs if all are said to be, or if they are executable.</summary>
    internal static void CopyTree(string from, string to, bool executable)
    {
        foreach (string relative in StageKey.FilesBelow(from))
        {
            string source = Path.Combine(from, relative);
            string target = Path.Combine(to, relative);
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            if (new FileInfo(source).LinkTarget is { } link)
            {
                File.CreateSymbolicLink(target, link);
            }
            else
            {
                bool program = executable || File.GetUnixFileMode(source).HasFlag(UnixFileMode.UserExecute);
                Copy(source, target, program ? Program : Data);
            }
        }
    }

    internal static void Copy(string source, string target, UnixFileMode mode)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(target)!);
        File.Copy(source, target);
        File.SetUnixFileMode(target, mode);
    }

    internal static void Write(string target, string text, UnixFileMode mode)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(target)!);
        File.WriteAllText(target, text);
        File.SetUnixFileMode(target, mode);
    }

    /// <summary>Our programs, and a link in each folder for every command but those named.</summary>
    internal static void Programs(BuildLog log, Programs programs, string tree, IReadOnlyCollection<string> without, params string[] folders)
    {
        Copy(programs.Lumos, Path.Combine(tree, "usr/lib/lumos/lumos"), Program);
        Copy(programs.Init, Path.Combine(tree, "usr/lib/lumos/lumos-init"), Program);
        Copy(programs.Imgapi, Path.Combine(tree, "usr/lib/lumos/lumos-imgapi"), Program);
        var commands = log.Capture(programs.Lumos, "help").Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => line.Split(' ', 2)[0]).Where(name => name.Length > 0 && !without.Contains(name)).Prepend("lumos");
        foreach (string folder in folders)
        {
            Directory.CreateDirectory(Path.Combine(tree, folder));
            foreach (string command in commands)
            {
                File.CreateSymbolicLink(Path.Combine(tree, folder, command), "../lib/lumos/lumos");
            }
        }
    }
}
