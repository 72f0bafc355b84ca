using Lumos.Cli;
using Lumos.Core;
using Lumos.Images.Import;
using Lumos.Images.Oci;

namespace Lumos.Images.Applets;

/// <summary>imgadm import: an image from a source, a registry, a layout or an archive.</summary>
internal static class ImportVerbs
{
    public static int Import(ImgadmCommand command, IReadOnlyList<string> words)
    {
        var args = new ArgParser().Flag('q', "quiet").Value('C', "channel").Value('P', "pool").Value('S', "source").Flag("zstream")
            .Parse(words).Expect(1, 1, "UUID or name of an image");
        if (ImgadmCommand.IsOciName(args.Operands[0]))
        {
            return ImportOci(command, args);
        }
        var uuid = Uuid.Parse(args.Operands[0]);
        using var clients = command.Clients(args.Get('S'), args.Get('C'));
        using var reporter = new ImgadmCommand.Reporter(command, args.Has('q'));
        new ImageImporter(command.Store, clients.All, reporter.Report).Import(uuid, args.Get('P') ?? command.DefaultPool, args.Has("zstream"));
        return ExitStatus.Success;
    }

    private static int ImportOci(ImgadmCommand command, ParsedArgs args)
    {
        if (args.Has('C') || args.Has("zstream"))
        {
            throw new UsageException("-C and --zstream are of image servers; a registry has tags");
        }
        using var source = command.OpenOci(args.Operands[0], args.Get('S'), out var reference);
        using var reporter = new ImgadmCommand.Reporter(command, args.Has('q'));
        using var stop = new Interruption();
        try
        {
            new OciImporter(command.Store, reporter.Report, stop.Token).Import(source, reference, args.Get('P') ?? command.DefaultPool);
            return ExitStatus.Success;
        }
        catch (OperationCanceledException)
        {
            throw new LumosException("Interrupted", $"interrupted: image {args.Operands[0]} was not imported");
        }
    }
}
