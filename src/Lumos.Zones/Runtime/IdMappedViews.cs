using Lumos.Linux;
using Lumos.Linux.Files;
using Lumos.Linux.Handles;
using Lumos.Linux.Mounts;

namespace Lumos.Zones.Runtime;

/// <summary>
/// Shows a directory a second time with a zone's ids: what id 0 owns on the disk, the zone's root owns in the view. Nothing
/// on the disk changes. A file system that cannot do it (overlay) is rebuilt from views of its layers, which can.
/// </summary>
internal static class IdMappedViews
{
    /// <param name="scratch">A directory of ours for what lies under a rebuilt overlay.</param>
    internal static void Show(string source, string target, FileDescriptor userNamespace, MountAttributes attributes, string scratch)
    {
        using var opened = FileDescriptorIo.Open(source, OpenFlags.PathOnly);
        Show(opened, source, target, userNamespace, attributes, scratch);
    }

    /// <summary>The same of a file or directory that is open already.</summary>
    internal static void Show(
        FileDescriptor opened, string source, string target, FileDescriptor userNamespace, MountAttributes attributes, string scratch)
    {
        if (FileStatus.Of(opened).Kind == FileKind.Directory)
        {
            Directory.CreateDirectory(target);
        }
        else
        {
            File.WriteAllText(target, "");
        }
        using var tree = Mount.CloneTree($"/proc/self/fd/{opened.Number}");
        try
        {
            Mount.SetAttributes(tree, attributes, userNamespace);
        }
        catch (ErrnoException e) when (e.Errno == Errno.EINVAL && OverlayAt(source) is { } overlay)
        {
            ShowOverlay(overlay, source, target, userNamespace, attributes, scratch);
            return;
        }
        Mount.Attach(tree, target);
    }

    /// <summary>Takes away all views under a directory, the last made first.</summary>
    internal static void RemoveAllUnder(string directory)
    {
        string prefix = directory.TrimEnd('/') + "/";
        var below = MountTable.Read().Where(m => m.Target.StartsWith(prefix, StringComparison.Ordinal)).Reverse();
        foreach (var mount in below)
        {
            Mount.TryDetach(mount.Target, lazily: true);
        }
    }

    /// <summary>The lower directories of an overlay, from its options in mountinfo; empty when it has an upper one.</summary>
    internal static IReadOnlyList<string> Layers(string superOptions)
    {
        var layers = new List<string>();
        foreach (string option in superOptions.Split(','))
        {
            if (option.StartsWith("upperdir=", StringComparison.Ordinal))
            {
                return [];
            }
            if (option.StartsWith("lowerdir=", StringComparison.Ordinal) || option.StartsWith("lowerdir+=", StringComparison.Ordinal))
            {
                layers.AddRange(option[(option.IndexOf('=') + 1)..].Split(':', StringSplitOptions.RemoveEmptyEntries));
            }
        }
        return layers;
    }

    private static MountEntry? OverlayAt(string path)
    {
        string full = Path.GetFullPath(path);
        var mount = MountTable.Read()
            .Where(m => m.Target == "/" || full == m.Target || full.StartsWith(m.Target + "/", StringComparison.Ordinal))
            .OrderBy(m => m.Target.Length)
            .LastOrDefault();
        return mount is { Type: "overlay" } && Layers(mount.SuperOptions).Count > 0 ? mount : null;
    }

    private static void ShowOverlay(
        MountEntry overlay, string source, string target, FileDescriptor userNamespace, MountAttributes attributes, string scratch)
    {
        var views = new List<string>();
        foreach (string layer in Layers(overlay.SuperOptions))
        {
            string view = Path.Combine(scratch, $"layer{views.Count}");
            Show(layer, view, userNamespace, attributes, view + ".layers");
            views.Add(view);
        }
        string inside = Path.Join(overlay.Root == "/" ? "" : overlay.Root, Path.GetFullPath(source)[overlay.Target.TrimEnd('/').Length..]);
        string whole = Path.Combine(scratch, "whole");
        Directory.CreateDirectory(whole);
        if (views.Count == 1)
        {
            Mount.Bind(views[0], whole);
        }
        else
        {
            Mount.At("overlay", whole, "overlay", MountFlags.ReadOnly, "lowerdir=" + string.Join(':', views));
        }
        using var tree = Mount.CloneTree(whole + inside);
        Mount.SetAttributes(tree, attributes);
        Mount.Attach(tree, target);
    }
}
