using Lumos.Cli;
using Lumos.Core;
using Lumos.Images.Import;
using Lumos.Images.Model;

namespace Lumos.Images.Applets;

/// <summary>imgadm import (from a source) and install (from files).</summary>
internal static class ImportVerbs
{
    public static int Import(ImgadmCommand command, IReadOnlyList<string> words)
    {
        var args = new ArgParser().Flag('q', "quiet").Value('C', "channel").Value('P', "pool").Value('S', "source").Flag("zstream")
            .Parse(words).Expect(1, 1, "UUID of an image");
        if (args.Has("zstream"))
        {
            throw new LumosException("NotSupported", "--zstream is not supported yet; leave it out, the image is the same");
        }
        var uuid = ImgadmCommand.ParseUuid(args.Operands[0]);
        using var clients = command.Clients(args.Get('S'), args.Get('C'));
        using var reporter = new ImgadmCommand.Reporter(command, args.Has('q'));
        new ImageImporter(command.Store, clients.All, reporter.Report).Import(uuid, args.Get('P') ?? command.DefaultPool);
        return ExitStatus.Success;
    }

    public static int Install(ImgadmCommand command, IReadOnlyList<string> words)
    {
        var args = new ArgParser().Flag('q', "quiet").Value('m', "manifest").Value('f', "file").Value('P', "pool").Parse(words).Expect(0, 0);
        if (args.Get('m') is not { } manifestPath || args.Get('f') is not { } file)
        {
            throw new UsageException("install needs -m MANIFEST and -f FILE");
        }
        string pool = args.Get('P') ?? command.DefaultPool;
        var manifest = ReadManifest(manifestPath);
        Existing(file);
        using var reporter = new ImgadmCommand.Reporter(command, args.Has('q'));
        var report = reporter.Report;
        PlatformRequirements.CheckRunning(manifest, command.Store.Paths);
        using var held = ImageInstaller.Lock(command.Store, manifest.Uuid, report);
        if (command.Store.TryGet(manifest.Uuid, out _, pool))
        {
            report.Say($"Image {manifest} is already installed, skipping");
            return ExitStatus.Success;
        }
        var installer = new ImageInstaller(command.Store, report);
        installer.RequireOrigin(manifest, pool);
        if (manifest.File is { } expected)
        {
            report.Stage($"Checking {file}");
            if (ImageChecksum.Fault(file, expected, report.Bytes) is { } fault)
            {
                throw ImageChecksum.Mismatch(manifest, file, fault);
            }
        }
        report.Stage($"Installing image {manifest}");
        installer.Install(manifest, file, pool, source: null);
        report.Say($"Installed image {manifest}");
        return ExitStatus.Success;
    }

    private static ImageManifest ReadManifest(string path)
    {
        var info = Existing(path);
        if (info.Length > ImageManifest.MaxBytes)
        {
            throw new LumosException("InvalidManifest", $"{path} is too large for a manifest");
        }
        return ImageManifest.Parse(File.ReadAllText(path), path);
    }

    private static FileInfo Existing(string path) =>
        new FileInfo(path) is { Exists: true } info ? info : throw new LumosException("FileNotFound", $"there is no file {path}");
}
