using Lumos.Cli;
using Lumos.Imgapi.Applets;

return ImgapiCommand.Main(new AppletContext { Name = "lumos-imgapi", Args = args });
