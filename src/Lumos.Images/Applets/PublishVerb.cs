using Lumos.Cli;
using Lumos.Core;
using Lumos.Images.Publish;
using Lumos.Images.Sources;
using Lumos.Images.Store;

namespace Lumos.Images.Applets;

/// <summary>imgadm publish: an image of two files onto a server.</summary>
internal static class PublishVerb
{
    public static int Run(ImgadmCommand command, IReadOnlyList<string> words)
    {
        var args = new ArgParser().Value('m', "manifest").Value('f', "file").Value("key-file").Flag('q', "quiet").Parse(words).Expect(1, 1, "URL of an image server");
        if (args.Get('m') is not { } manifestPath || args.Get('f') is not { } file)
        {
            throw new UsageException("publish needs -m MANIFEST and -f FILE");
        }
        var manifest = PublishedFiles.Read(manifestPath, file);
        using var stop = new Interruption();
        using var server = Server(command, args.Operands[0], args.Get("key-file"));
        using var reporter = new ImgadmCommand.Reporter(command, args.Has('q'));
        try
        {
            _ = new ImagePublisher(server, reporter.Report, stop.Token).Publish(manifest, file);
            return ExitStatus.Success;
        }
        catch (OperationCanceledException)
        {
            throw new LumosException("Interrupted", $"interrupted: image {manifest} was not published");
        }
    }

    /// <summary>The server to publish to, with the key of the option, of the environment, or of the source of this URL.</summary>
    internal static ImgapiClient Server(ImgadmCommand command, string url, string? keyFile)
    {
        var config = ImgadmConfig.Load(command.Store.Paths);
        var source = ImageSource.Parse(url);
        var known = config.Sources.FirstOrDefault(s => s.Url == source.Url) ?? config.Sources.FirstOrDefault(s => SameServer(s, source));
        keyFile ??= command.Context.Environment(SourceKey.Variable) is { Length: > 0 } named ? named : known?.KeyFile;
        return new ImgapiClient(source with { Insecure = known?.Insecure ?? false, KeyFile = keyFile }, command.FetchOptions(config));
    }

    // A key is for a server, whichever of its channels is meant.
    private static bool SameServer(ImageSource a, ImageSource b) => new Uri(a.Url).GetLeftPart(UriPartial.Path) == new Uri(b.Url).GetLeftPart(UriPartial.Path);
}
