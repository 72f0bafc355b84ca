using Lumos.Cli;
using Lumos.Core;
using Lumos.Images.Import;
using Lumos.Images.Store;

namespace Lumos.Images.Applets;

/// <summary>imgadm delete and vacuum.</summary>
internal static class DeleteVerbs
{
    public static int Delete(ImgadmCommand command, IReadOnlyList<string> words)
    {
        var args = new ArgParser().Value('P', "pool").Parse(words).Expect(1, 1, "UUID of an image");
        var image = command.Installed(command.ParseImage(args.Operands[0]), args.Get('P'));
        new ImageRemover(command.Store, new ImportReport { Warn = command.Warn }).Remove(image);
        command.Context.Out.WriteLine($"Deleted image {image.Uuid}");
        return ExitStatus.Success;
    }

    public static int Vacuum(ImgadmCommand command, IReadOnlyList<string> words)
    {
        var args = new ArgParser().Flag('n', "dry-run").Flag('f', "force").Parse(words).Expect(0, 0);
        var unused = Unused(command.Store);
        var output = command.Context.Out;
        if (unused.Count > 0 && !args.Has('n') && !args.Has('f') && !Confirm(command, unused))
        {
            output.WriteLine("Nothing deleted");
            return ExitStatus.Failure;
        }
        var leftovers = new Leftovers(command.Store, command.Warn);
        foreach (string left in leftovers.RemovePartials(args.Has('n')).Concat(leftovers.RemoveDownloads(DateTime.UtcNow, args.Has('n'))))
        {
            output.WriteLine($"{(args.Has('n') ? "Would delete" : "Deleted")} {left}, left of an import");
        }
        if (unused.Count == 0)
        {
            output.WriteLine("No unused images");
            return ExitStatus.Success;
        }
        var remover = new ImageRemover(command.Store, new ImportReport { Warn = command.Warn });
        foreach (var image in unused)
        {
            if (!args.Has('n'))
            {
                remover.Remove(image);
            }
            output.WriteLine($"{(args.Has('n') ? "Would delete" : "Deleted")} image {image.Manifest?.ToString() ?? image.Uuid.ToString()}");
        }
        return ExitStatus.Success;
    }

    /// <summary>Images without a clone other than of images that are unused themselves; increments before their origins.</summary>
    private static List<InstalledImage> Unused(ImageStore store)
    {
        var clones = store.ClonesByImage().ToDictionary(p => p.Key, p => p.Value.ToHashSet(StringComparer.Ordinal));
        // An image whose manifest is not known may be something else altogether: it is never swept away.
        var left = store.List().Where(i => i.Manifest is not null).ToList();
        var unused = new List<InstalledImage>();
        while (left.FirstOrDefault(i => !clones.TryGetValue(i.DatasetName.Value, out var names) || names.Count == 0) is { } image)
        {
            left.Remove(image);
            unused.Add(image);
            foreach (var names in clones.Values)
            {
                names.Remove(image.DatasetName.Value);
            }
        }
        return unused;
    }

    private static bool Confirm(ImgadmCommand command, List<InstalledImage> unused)
    {
        if (!command.Context.InputIsTerminal())
        {
            throw new UsageException("vacuum asks before it deletes; without a terminal give -f (or -n to see what it would delete)");
        }
        foreach (var image in unused)
        {
            command.Context.Out.WriteLine(image.Manifest?.ToString());
        }
        command.Context.Out.Write($"Delete these {unused.Count} images? [y/N] ");
        command.Context.Out.Flush();
        return command.Context.In.ReadLine() is "y" or "Y" or "yes";
    }
}
